// The subprotocol `mirror`: a board that all pages share. See mirror.rs for the messages.

import { Channel } from "./channel.js";

const COLOURS = ["Ink", "Red", "Orange", "Green", "Blue", "Purple", "Pink", "Eraser"];
const PENS = ["Fine pen", "Medium pen", "Broad pen"];
const WIDTHS = [5, 12, 40];
const MAX_POINTS = 64;
// The shortest time in milliseconds between two lines of a stroke.
const PACE = 25;
// With so many lines that are not sent back yet, the page draws no more.
const MAX_PENDING = 500;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const canvas = document.getElementById("pending");
const { width, height } = canvas;
const board = document.getElementById("drawing").getContext("2d", { alpha: false });
const overlay = canvas.getContext("2d");
// The style sheet has the colours, for a light and for a dark board.
const isDark = matchMedia("(prefers-color-scheme: dark)");
let palette = readPalette();

// The lines of this page that the server has not sent back, drawn above the board. `sent` of them were sent.
let pending = [];
let sent = 0;
// The strokes that are drawn now, by pointer. Their points begin with the last one that is in a line.
const strokes = new Map();
const cursor = { at: [width / 2, height / 2], isShown: false };
let hasDrawing = false;
let isScheduled = false;
let committedAt = 0;

export const mirror = new Channel("mirror", {
  opened() {},
  lost() {
    hasDrawing = false;
    strokes.clear();
  },
  received(text) {
    if (!hasDrawing) {
      // The first message is the drawing. Pending lines that are not in it did not reach the server.
      [hasDrawing, pending, sent] = [true, [], 0];
      palette = readPalette();
      erase();
      schedule();
    } else if (text === pending[0]) {
      pending.shift();
      sent -= 1;
      schedule();
    }
    // All pages draw the lines in the order of the server, so all have the same picture.
    text.split("\n").forEach(drawLine);
  },
});

// ---- drawing

function readPalette() {
  const style = getComputedStyle(document.documentElement);
  return COLOURS.map((_, index) => style.getPropertyValue(`--colour-${index}`));
}

function erase() {
  board.fillStyle = palette.at(-1);
  board.fillRect(0, 0, width, height);
}

function drawLine(line) {
  if (line === "clear") erase();
  else if (line) trace(board, parse(line));
}

function parse(line) {
  const [, colour, pen, ...points] = line.split(" ");
  return { colour, pen, points: points.map(point => point.split(",").map(Number)) };
}

function trace(context, { colour, pen, points }) {
  context.strokeStyle = palette[colour];
  context.lineWidth = WIDTHS[pen];
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(...points[0]);
  // A line from the first point to itself is a dot.
  points.forEach(point => context.lineTo(...point));
  context.stroke();
}

function schedule() {
  if (!isScheduled) requestAnimationFrame(frame);
  isScheduled = true;
}

function frame(now) {
  isScheduled = false;
  if (now - committedAt >= PACE) {
    committedAt = now;
    strokes.forEach(commit);
  }
  while (sent < pending.length && mirror.isWritable) mirror.send(pending[sent++]);
  overlay.clearRect(0, 0, width, height);
  pending.map(parse).forEach(line => trace(overlay, line));
  strokes.forEach(stroke => trace(overlay, stroke));
  if (cursor.isShown) drawCursor();
  if (sent < pending.length || [...strokes.values()].some(stroke => stroke.points.length > 1)) schedule();
}

function drawCursor() {
  overlay.beginPath();
  overlay.arc(...cursor.at, 18, 0, 2 * Math.PI);
  overlay.fillStyle = overlay.strokeStyle = palette[0];
  overlay.lineWidth = 4;
  if (strokes.has("keys")) overlay.fill();
  overlay.stroke();
}

// ---- strokes

function begin(id, point) {
  if (!hasDrawing) return;
  const [colour, pen] = ["colour", "pen"].map(name => document.querySelector(`[name=${name}]:checked`).value);
  strokes.set(id, { colour, pen, points: [point], isNew: true });
  schedule();
}

function extend(id, [x, y]) {
  const stroke = strokes.get(id);
  if (!stroke || pending.length > MAX_PENDING) return;
  const [lastX, lastY] = stroke.points.at(-1);
  if (Math.hypot(x - lastX, y - lastY) < 2) return;
  stroke.points.push([x, y]);
  schedule();
}

function end(id) {
  if (!strokes.has(id)) return;
  commit(strokes.get(id));
  strokes.delete(id);
  schedule();
}

// Makes lines of the points of a stroke. The last point stays, as the first one of the next line.
function commit(stroke) {
  while (stroke.points.length > 1 || stroke.isNew) {
    stroke.isNew = false;
    const points = stroke.points.slice(0, MAX_POINTS);
    stroke.points.splice(0, points.length - 1);
    pending.push(`draw ${stroke.colour} ${stroke.pen} ${points.join(" ")}`);
  }
}

// ---- pointers and keys

function clamp(x, y) {
  return [[x, width], [y, height]].map(([value, end]) => Math.round(Math.min(Math.max(value, 0), end - 1)));
}

function pointOf({ clientX, clientY }) {
  const shown = canvas.getBoundingClientRect();
  return clamp((clientX - shown.left) * width / shown.width, (clientY - shown.top) * height / shown.height);
}

canvas.onpointerdown = event => {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  begin(event.pointerId, pointOf(event));
};
canvas.onpointermove = event => {
  if (!strokes.has(event.pointerId)) return;
  const events = event.getCoalescedEvents?.() ?? [];
  (events.length > 0 ? events : [event]).forEach(each => extend(event.pointerId, pointOf(each)));
};
canvas.onpointerup = canvas.onpointercancel = event => end(event.pointerId);

canvas.onkeydown = event => {
  const step = STEPS[event.key];
  if (event.key !== " " && !step) return;
  event.preventDefault();
  cursor.isShown = true;
  if (step) {
    const length = event.shiftKey ? 60 : 15;
    cursor.at = clamp(cursor.at[0] + step[0] * length, cursor.at[1] + step[1] * length);
    extend("keys", cursor.at);
  } else if (strokes.has("keys")) {
    end("keys");
  } else {
    begin("keys", cursor.at);
  }
  schedule();
};
canvas.onblur = () => {
  cursor.isShown = false;
  end("keys");
  schedule();
};

// ---- tools

function addRadios(name, labels, checked) {
  labels.forEach((label, value) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name, value, checked: value === checked });
    input.title = input.ariaLabel = label;
    document.getElementById(`${name}s`).append(input);
  });
}

addRadios("colour", COLOURS, 4);
addRadios("pen", PENS, 1);
document.getElementById("clear").onclick = () => mirror.send("clear");
// The server sends the drawing again, for the new colours.
isDark.onchange = () => mirror.renew();
erase();
