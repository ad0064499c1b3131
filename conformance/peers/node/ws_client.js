// A client with ws, which echoes until the connection ends: ws_client.js URI
'use strict';

const { WebSocket } = require('ws');

const socket = new WebSocket(process.argv[2], { maxPayload: 64 * 1024 * 1024 });

socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
socket.on('error', () => {}); // ws closes the connection.
