// The page of the demo: the counter of the subprotocol `increment`, and the strip with the state.

import { Channel } from "./channel.js";
import { mirror } from "./mirror.js";

// The server sends 20 messages a second. After a silence of 10 seconds, the connection is dead, although the
// browser does not know it yet.
const SILENCE = 10_000;

const byId = id => document.getElementById(id);
const prefersCalm = matchMedia("(prefers-reduced-motion: reduce)");
let countShownAt = 0;
let ping = { number: 0, sentAt: 0 };

const increment = new Channel("increment", {
  opened: sendPing,
  lost() {},
  received(text) {
    if (text.startsWith("pong ")) {
      if (text === `pong ${ping.number}`) showRoundTrip(performance.now() - ping.sentAt);
    } else if (!prefersCalm.matches || performance.now() - countShownAt > 1000) {
      countShownAt = performance.now();
      show("count", text);
    }
  },
});
const channels = [increment, mirror];

byId("reset").onclick = () => {
  countShownAt = 0;
  increment.send("reset");
};

function sendPing() {
  ping = { number: ping.number + 1, sentAt: performance.now() };
  increment.send(`ping ${ping.number}`);
}

function showRoundTrip(time) {
  show("rtt", time.toFixed(time < 10 ? 1 : 0));
}

let [countedAt, counted] = [0, 0];

function showRate() {
  const [now, count] = [performance.now(), increment.count + mirror.count];
  show("rate", String(Math.round((count - counted) / (now - countedAt) * 1000)));
  [countedAt, counted] = [now, count];
}

function showState() {
  const isOpen = channels.every(channel => channel.isOpen);
  const lost = channels.find(channel => channel.problem);
  const state = isOpen ? "open" : lost ? "lost" : "connecting";
  const retryAt = Math.max(...channels.map(channel => channel.retryAt));
  const wait = Math.ceil((retryAt - performance.now()) / 1000);
  document.body.dataset.state = state;
  // The state is read aloud when it changes, so the time until the next try is not in it.
  show("state", { open: "Connected", lost: "Reconnecting", connecting: "Connecting" }[state]);
  show("problem", state === "lost" ? lost.problem : "");
  show("veil-problem", lost ? `${lost.problem}.` : "Connecting …");
  show("veil-retry", !lost ? "" : wait > 0 ? `Next try in ${wait} s` : "Trying now");
  byId("veil").hidden = mirror.isOpen;
  byId("clear").disabled = !mirror.isOpen;
  byId("reset").disabled = !increment.isOpen;
  if (!isOpen) ["rate", "rtt"].forEach(id => show(id, "–"));
}

function show(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

channels.forEach(channel => channel.changed = showState);
showState();
setInterval(() => {
  if (increment.isOpen && performance.now() - increment.heardAt > SILENCE) {
    channels.filter(channel => channel.isOpen).forEach(channel => channel.lose("No answer"));
  }
  if (increment.isOpen) sendPing();
  showRate();
  showState();
}, 1000);
