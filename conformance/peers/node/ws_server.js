// An echo server with ws: ws_server.js HOST PORT
'use strict';

const { WebSocketServer } = require('ws');

const [host, port] = process.argv.slice(2);
const server = new WebSocketServer({ host, port, perMessageDeflate: true, maxPayload: 64 * 1024 * 1024 });

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {}); // ws closes the connection.
});
