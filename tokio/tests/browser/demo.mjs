// Tests of the page of demo_server in Chromium: a desktop and a phone at the same time. Each test continues with
// the pages of the one before it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { DESKTOP, PHONE, boardOf, draw, launch, serve } from "./support.mjs";

let server, browser, desktop, phone;
// Errors that the pages report, and whether the server is down now.
const errors = [];
let isDown = false;

async function open(name, options) {
  const page = await (await browser.newContext({ colorScheme: "light", ...options })).newPage();
  page.on("pageerror", error => errors.push(`${name}: ${error}`));
  page.on("console", message => {
    // Chromium reports each failed attempt to connect, and each that a page gives up. A page cannot prevent that.
    const isAttempt = message.text().startsWith("WebSocket connection to ");
    const isGivenUp = message.text().endsWith("closed before the connection is established.");
    if (!(isAttempt && (isDown || isGivenUp))) errors.push(`${name}: ${message.text()}`);
  });
  page.on("request", request => {
    const isOwn = request.url().startsWith(`${server.uri}/`) || request.url().startsWith("data:");
    if (!isOwn) errors.push(`${name}: request to ${request.url()}`);
  });
  await page.addInitScript(() => {
    // Returns the pixels of a canvas, through a copy that does not change how the page draws.
    window.pixelsOf = id => {
      const canvas = document.getElementById(id);
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = copy.getContext("2d", { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      return context.getImageData(0, 0, canvas.width, canvas.height).data;
    };
  });
  await page.goto(server.uri);
  return page;
}

before(async () => {
  server = await serve();
  browser = await launch();
  [desktop, phone] = await Promise.all([open("desktop", DESKTOP), open("phone", PHONE)]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const text = (page, id) => page.locator(`#${id}`).textContent();

// Waits until an element has a text that matches.
async function untilText(page, id, pattern) {
  await page.waitForFunction(
    ([id, source]) => new RegExp(source).test(document.getElementById(id).textContent),
    [id, pattern.source],
  );
}

const isConnected = page => untilText(page, "state", /^Connected$/);

// The pixels of the board, as a number, and the count of those that are not paper. `null` while the page has
// lines that the server has not sent back.
function pixels(page) {
  return page.evaluate(() => {
    if (pixelsOf("pending").some(byte => byte !== 0)) return null;
    const board = new Uint32Array(pixelsOf("drawing").buffer);
    const hash = board.reduce((hash, pixel) => Math.imul(hash, 31) + pixel | 0, 7);
    return { hash, drawn: board.reduce((count, pixel) => count + (pixel !== board[0]), 0) };
  });
}

// Waits until these pages show the same picture, and another one than `before`.
async function sameBoard(pages, before) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const all = await Promise.all(pages.map(pixels));
    const isSame = all.every(each => each && each.hash === all[0].hash);
    if (isSame && all[0].hash !== before?.hash) return all[0];
    await desktop.waitForTimeout(50);
  }
  assert.fail("the boards differ");
}

test("the strip shows the state, messages a second and the round trip", async () => {
  for (const page of [desktop, phone]) {
    await isConnected(page);
    await untilText(page, "rate", /^[1-9]\d*$/);
    await untilText(page, "rtt", /^\d+(\.\d)?$/);
  }
});

test("nothing scrolls to the side, at 1280, 390 and 360 pixels", async () => {
  const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
  assert.equal(await desktop.evaluate(overflow), 0);
  assert.equal(await phone.evaluate(overflow), 0);
  await phone.setViewportSize({ width: 360, height: 640 });
  assert.equal(await phone.evaluate(overflow), 0);
  assert.equal(await phone.evaluate(() => innerWidth), 360);
  await phone.setViewportSize(PHONE.viewport);
});

test("the counter grows, and a tap resets it", async () => {
  await untilText(phone, "count", /^\d{3,}$/);
  const before = Number(await text(phone, "count"));
  await phone.waitForFunction(before => document.getElementById("count").textContent > before, before);
  // The wait begins before the tap, because the counter grows again.
  await Promise.all([
    phone.waitForFunction(before => document.getElementById("count").textContent < before, before),
    phone.locator("#reset").tap(),
  ]);
});

test("a stroke of the mouse appears on the phone", async () => {
  const before = await sameBoard([desktop, phone]);
  assert.equal(before.drawn, 0);
  await desktop.getByRole("radio", { name: "Red" }).check();
  await draw(desktop, [[200, 200], [600, 300], [900, 250], [1300, 900]]);
  const after = await sameBoard([desktop, phone], before);
  assert.ok(after.drawn > 10_000, `${after.drawn} pixels`);
});

test("two fingers on the phone draw on the desktop, and do not scroll", async () => {
  const before = await sameBoard([desktop, phone]);
  const at = await boardOf(phone);
  const touch = (type, ...points) => session.send("Input.dispatchTouchEvent", {
    type,
    touchPoints: points.map((point, id) => ({ x: at(point)[0], y: at(point)[1], id })),
  });
  const session = await phone.context().newCDPSession(phone);
  await phone.getByRole("radio", { name: "Green" }).tap();
  await touch("touchStart", [300, 1000], [700, 1000]);
  for (let y = 950; y > 200; y -= 50) await touch("touchMove", [300, y], [700, y]);
  await touch("touchEnd");
  await sameBoard([desktop, phone], before);
  const isGreen = await desktop.evaluate(() => [300, 700].map(x => {
    const [red, green, blue] = pixelsOf("drawing").slice(4 * (600 * 1500 + x));
    return green > red && green > blue;
  }));
  assert.deepEqual(isGreen, [true, true]);
  assert.equal(await phone.evaluate(() => scrollY), 0);
});

test("a newcomer sees the picture, and so does a page that is loaded again", async () => {
  const newcomer = await open("newcomer", DESKTOP);
  await phone.reload();
  await Promise.all([isConnected(newcomer), isConnected(phone)]);
  assert.ok((await sameBoard([desktop, phone, newcomer])).drawn > 10_000);
  await newcomer.close();
});

test("the keyboard draws, selects colours and presses the buttons", async () => {
  const before = await sameBoard([desktop, phone]);
  const press = async (...keys) => {
    for (const key of keys) await desktop.keyboard.press(key);
  };
  const focused = () => desktop.evaluate(() => document.activeElement.id || document.activeElement.title);
  await desktop.reload();
  await sameBoard([desktop, phone]);
  await press("Tab");
  assert.equal(await focused(), "pending");
  await press("Space", "Shift+ArrowUp", "Shift+ArrowLeft", "ArrowDown", "Space", "Tab");
  const drawn = await sameBoard([desktop, phone], before);
  assert.equal(await focused(), "Blue");
  await press("ArrowLeft", "ArrowLeft");
  assert.equal(await focused(), "Orange");
  assert.ok(await desktop.getByRole("radio", { name: "Orange" }).isChecked());
  await press("Tab", "ArrowRight");
  assert.ok(await desktop.getByRole("radio", { name: "Broad pen" }).isChecked());
  await press("Tab");
  assert.equal(await focused(), "clear");
  await press("Enter");
  assert.equal((await sameBoard([desktop, phone], drawn)).drawn, 0);
  await press("Tab");
  assert.equal(await focused(), "reset");
  await untilText(desktop, "count", /^\d{3,}$/);
  await Promise.all([untilText(desktop, "count", /^\d{1,2}$/), press("Space")]);
});

test("the pages say that the server has stopped, and come back after a restart", async () => {
  await draw(desktop, [[100, 100], [1400, 1100]]);
  const before = await sameBoard([desktop, phone]);
  const { host } = new URL(server.uri);
  isDown = true;
  const [code] = await server.stop();
  assert.equal(code, 0);
  for (const page of [desktop, phone]) {
    await untilText(page, "state", /^Reconnecting$/);
    await untilText(page, "problem", /^The server has stopped$/);
    await page.getByText(/Next try in \d+ s/).waitFor();
    assert.ok(await page.locator("#reset").isDisabled());
    assert.equal(await text(page, "rate"), "–");
  }
  server = await serve(host);
  await Promise.all([desktop, phone].map(isConnected));
  isDown = false;
  // The server has no drawing after a restart, and the pages show that.
  const blank = await sameBoard([desktop, phone], before);
  assert.equal(blank.drawn, 0);
  await draw(desktop, [[100, 100], [1400, 1100]]);
  await sameBoard([desktop, phone], blank);
  await untilText(phone, "rtt", /^\d/);
});

test("a dark page draws the same lines in other colours", async () => {
  const before = await sameBoard([desktop, phone]);
  for (const page of [desktop, phone]) await page.emulateMedia({ colorScheme: "dark" });
  const after = await sameBoard([desktop, phone], before);
  assert.ok(Math.abs(after.drawn - before.drawn) < before.drawn / 10);
  await Promise.all([desktop, phone].map(isConnected));
});

// WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for the borders of controls (1.4.11).
test("texts and controls have enough contrast in both schemes", async () => {
  for (const colorScheme of ["light", "dark"]) {
    await desktop.emulateMedia({ colorScheme });
    const luminance = await desktop.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const names = ["text", "muted", "card", "ground", "accent", "on-accent", "control", "good", "bad"];
      return Object.fromEntries(names.map(name => {
        const hex = style.getPropertyValue(`--${name}`);
        const [red, green, blue] = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16) / 255)
          .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return [name, 0.2126 * red + 0.7152 * green + 0.0722 * blue];
      }));
    });
    const check = (least, name, ground) => {
      const [low, high] = [luminance[name], luminance[ground]].sort((a, b) => a - b);
      const ratio = (high + 0.05) / (low + 0.05);
      assert.ok(ratio >= least, `${colorScheme}: ${name} on ${ground} is ${ratio.toFixed(2)}:1`);
    };
    for (const name of ["text", "muted", "accent"]) check(4.5, name, "ground");
    for (const name of ["text", "muted"]) check(4.5, name, "card");
    check(4.5, "on-accent", "accent");
    check(3, "control", "card");
    for (const name of ["good", "bad"]) check(3, name, "ground");
  }
});

test("no page has reported an error, or asked another server", () => {
  assert.deepEqual(errors, []);
});
