// Chromium as a client: it opens chromium.html, which makes the checks. `run` starts it.
//
//     chromium.js client URI [--deflate] [--subprotocol NAME] [--limit BYTES] [--server PID]
//
// The options are those of websockets_peer.py.
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");

const has = name => process.argv.includes(name);
const option = name => (has(name) ? process.argv[process.argv.indexOf(name) + 1] : "");

const FLAGS = [
  "--headless=new",
  "--no-sandbox", // which root cannot have
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
  // No connection that is not for the page.
  "--no-proxy-server",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

// `run` removes the folder for temporary files.
const profile = fs.mkdtempSync(path.join(os.tmpdir(), "chromium-"));
let browser;

function end(status, reason) {
  if (reason) console.error(reason);
  try {
    process.kill(-browser.pid, "SIGKILL"); // with its children
  } catch {
    // It has ended.
  }
  process.exit(status);
}

const page = http.createServer((request, response) => {
  let body = "";
  request.on("data", data => (body += data)).on("end", () => {
    switch (request.url.split("?")[0]) {
      case "/":
        response.setHeader("content-type", "text/html");
        return response.end(fs.readFileSync(path.join(__dirname, "chromium.html")));
      case "/ok":
        console.log("ok", body);
        return response.end();
      case "/interrupt":
        process.kill(Number(option("--server")), "SIGINT");
        return response.end();
      case "/end":
        return end(body ? 1 : 0, body);
      default:
        response.statusCode = 404;
        return response.end();
    }
  });
});

page.listen(0, "127.0.0.1", () => {
  const query = new URLSearchParams({
    uri: process.argv[3],
    deflate: has("--deflate") ? "1" : "",
    subprotocol: option("--subprotocol"),
    limit: option("--limit"),
    server: option("--server"),
  });
  const url = `http://127.0.0.1:${page.address().port}/?${query}`;
  const flags = [...FLAGS, `--user-data-dir=${profile}`];
  browser = spawn("chromium", [...flags, url], { detached: true, stdio: "ignore" });
  browser.on("error", error => end(1, error.message));
  browser.on("exit", status => end(1, `chromium exits with ${status}`));
});
process.on("SIGTERM", () => end(1, "terminated"));
