// npm install ws; wsconform client -- node driver.mjs {server}
import WebSocket from "ws";

const server = process.argv[2];
const agent = "ws";

// The connection of a resource, until it ends; the last message.
const visit = (resource, onMessage) =>
  new Promise((done) => {
    let last;
    const socket = new WebSocket(server + resource, { maxPayload: 0 });
    socket.on("message", (data, isBinary) => {
      last = data;
      onMessage?.(socket, data, isBinary);
    });
    socket.on("error", () => {}); // the suite has its own record
    socket.on("close", () => done(last));
  });

const count = Number(await visit("/getCaseCount"));
for (let number = 1; number <= count; number++) {
  await visit(`/runCase?case=${number}&agent=${agent}`, (socket, data, isBinary) =>
    socket.send(data, { binary: isBinary }),
  );
}
await visit(`/updateReports?agent=${agent}`);
