// A client and a server with the npm package ws. `run` starts it. Options and checks are those of
// websockets_peer.py.
"use strict";
const crypto = require("node:crypto");
const { on } = require("node:events");
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const { inspect, isDeepStrictEqual } = require("node:util");
const WebSocket = require("ws");

const LARGE = 16 * 1024 * 1024;
const MESSAGES = [
  ["text", "κόσμε"],
  ["binary", Buffer.from([1, 255])],
  ["empty", ""],
  ["empty", Buffer.alloc(0)],
  ["16 MiB", "x".repeat(LARGE)],
  ["16 MiB", crypto.randomBytes(LARGE)],
];
const OPTIONS = { perMessageDeflate: true, maxPayload: 0 };

const has = name => process.argv.includes(name);
const option = name => (has(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);

function same(check, found, expected) {
  if (!isDeepStrictEqual(found, expected)) {
    console.error(`${check}: ${inspect(found).slice(0, 100)} instead of ${inspect(expected).slice(0, 100)}`);
    process.exit(1);
  }
  console.log("ok", check);
}

class Connection {
  constructor(ws) {
    this.ws = ws;
    this.messages = on(ws, "message", { close: ["close"] });
    this.closed = new Promise(resolve => {
      ws.on("close", (code, reason) => resolve([code, reason.toString()]));
    });
  }

  static async open(subprotocols) {
    const ca = option("--ca") && fs.readFileSync(option("--ca"));
    const ws = new WebSocket(process.argv[3], subprotocols, { ...OPTIONS, ca });
    const connection = new Connection(ws);
    await new Promise((resolve, reject) => ws.on("open", resolve).on("error", reject));
    return connection;
  }

  // The next message; null after the Close.
  async receive() {
    const { value, done } = await this.messages.next();
    if (done) return null;
    const [data, isBinary] = value;
    return isBinary ? data : data.toString();
  }

  sendFragments(...parts) {
    parts.forEach((part, at) => this.ws.send(part, { fin: at === parts.length - 1 }));
  }

  async close(by, code, reason) {
    this.ws.close(code, reason);
    same(`${by} closes ${code}`, await this.closed, [code, reason]);
  }

  // Makes the checks of an open connection whose other end echoes.
  async exchange() {
    const [isDeflate, extensions] = [has("--deflate"), this.ws.extensions];
    same(isDeflate ? "deflate" : "no deflate", extensions.includes("permessage-deflate"), isDeflate);
    for (const [check, message] of MESSAGES) {
      this.ws.send(message);
      same(check, await this.receive(), message);
    }
    this.sendFragments("Hel", "", "lo ", "κ");
    same("fragments", await this.receive(), "Hello κ");
    const pong = new Promise(resolve => this.ws.once("pong", resolve));
    this.ws.ping("payload");
    same("ping", (await pong).toString(), "payload");
  }

  // Echoes to the end of the connection.
  async echo() {
    for (let message; (message = await this.receive()) !== null; ) {
      if (message === "close me") return this.close("server", 1001, "as told");
      const half = message.length / 2;
      this.sendFragments(message.slice(0, half), message.slice(half));
    }
    same("client closes 1000", (await this.closed)[0], 1000);
  }
}

async function client() {
  const subprotocol = option("--subprotocol");
  let connection = await Connection.open(subprotocol && ["other", subprotocol]);
  if (subprotocol) same("subprotocol", connection.ws.protocol, subprotocol);
  await connection.exchange();
  await connection.close("client", 1000, "bye");
  if (has("--limit")) {
    connection = await Connection.open();
    connection.ws.send("x".repeat(Number(option("--limit")) + 1));
    same("server closes 1009", (await connection.closed)[0], 1009);
  }
  if (has("--server")) {
    connection = await Connection.open();
    connection.ws.send("Hello");
    await connection.receive();
    process.kill(Number(option("--server")), "SIGINT");
    same("server closes 1001", (await connection.closed)[0], 1001);
  }
}

function server() {
  let left = Number(process.argv[3]);
  const read = name => fs.readFileSync(option(name));
  const tls = has("--certificate") && { cert: read("--certificate"), key: read("--key") };
  const listener = tls ? https.createServer(tls) : http.createServer();
  const handleProtocols = offered => (offered.has("echo") ? "echo" : false);
  const sockets = new WebSocket.Server({ ...OPTIONS, server: listener, handleProtocols });
  sockets.on("connection", async (ws, request) => {
    await servePath(new Connection(ws), request.url.split("?")[0]);
    left -= 1;
    if (left === 0) listener.close();
  });
  listener.listen(0, "127.0.0.1", () => {
    console.log(`listening on ${tls ? "wss" : "ws"}://127.0.0.1:${listener.address().port}`);
  });
}

async function servePath(connection, path) {
  switch (path) {
    case "/getCaseCount":
      connection.ws.send("1");
      connection.ws.close();
      break;
    case "/runCase":
      await connection.exchange();
      await connection.close("server", 1001, "bye");
      break;
    case "/updateReports":
      connection.ws.close();
      break;
    default:
      await connection.echo();
  }
  await connection.closed;
}

({ client, server })[process.argv[2]]();
