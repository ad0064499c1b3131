// A WebSocket that opens again after it was lost: with a random wait that doubles each time.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
// A connection that lasted this long was a success: the waits begin again at FIRST_WAIT.
const STABLE = 10_000;

export class Channel {
  // The number of received messages, and the time of the last one.
  count = 0;
  heardAt = 0;
  // Why the connection was lost, until it is open again.
  problem = "";
  // When the next connection begins, or 0.
  retryAt = 0;
  // Called when the connection was opened or lost.
  changed = () => {};
  #socket;
  #openedAt = Infinity;
  #longest = FIRST_WAIT;
  #timer = 0;

  constructor(subprotocol, { opened, received, lost }) {
    Object.assign(this, { subprotocol, opened, received, lost });
    this.#connect();
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#retryNow());
  }

  get isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  // Whether the browser has sent most of the earlier messages.
  get isWritable() {
    return this.isOpen && this.#socket.bufferedAmount < 4096;
  }

  send(text) {
    if (this.isOpen) this.#socket.send(text);
  }

  // Discards the connection, without a wait for the server, and opens the next one at once.
  renew() {
    this.#discard();
    this.#connect();
  }

  // Discards the connection, and opens the next one later.
  lose(problem) {
    this.#discard();
    this.problem ||= problem;
    const now = performance.now();
    if (now - this.#openedAt > STABLE) this.#longest = FIRST_WAIT;
    this.#openedAt = Infinity;
    // Half of the wait is random, so that the pages of a restarted server do not come back all at once.
    const wait = this.#longest * (0.5 + Math.random() / 2);
    this.#longest = Math.min(this.#longest * 2, LONGEST_WAIT);
    this.retryAt = now + wait;
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.changed();
  }

  #discard() {
    Object.assign(this.#socket, { onopen: null, onmessage: null, onclose: null });
    this.#socket.close();
    this.lost();
  }

  #retryNow() {
    if (this.retryAt) this.#connect();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.retryAt = 0;
    this.#socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`, this.subprotocol);
    this.#socket.onopen = () => {
      this.heardAt = this.#openedAt = performance.now();
      this.problem = "";
      this.opened();
      this.changed();
    };
    this.#socket.onmessage = ({ data }) => {
      this.heardAt = performance.now();
      this.count += 1;
      this.received(data);
    };
    this.#socket.onclose = ({ code }) => this.lose(problemOf(code));
  }
}

function problemOf(code) {
  switch (code) {
    case 1001: return "The server has stopped";
    case 1003: case 1008: case 1009: return "The server refused a message";
    case 1013: return "This page was too slow";
    default: return "No connection";
  }
}
