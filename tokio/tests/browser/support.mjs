// The example demo_server, and Chromium.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { CHROMIUM, DEMO_SERVER, PLAYWRIGHT } = process.env;
const { chromium } = createRequire(PLAYWRIGHT)("playwright-core");

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
// The size of the board in its own units.
const BOARD = { width: 1500, height: 1200 };

// Starts the server. Returns its URI, and a function that stops it as Ctrl-C does.
export async function serve(address = "127.0.0.1:0") {
  const server = spawn(DEMO_SERVER, [address], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface(server.stdout), "line");
  const exit = once(server, "exit");
  const stop = () => {
    server.kill("SIGINT");
    return exit;
  };
  return { uri: line.replace("listening on ", ""), stop };
}

export function launch() {
  const args = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  if (process.getuid() === 0) args.push("--no-sandbox");
  return chromium.launch({ executablePath: CHROMIUM, args });
}

// A function from the units of the board to the position in the page.
export async function boardOf(page) {
  const { x, y, width, height } = await page.locator("#pending").boundingBox();
  return ([boardX, boardY]) => [x + boardX * width / BOARD.width, y + boardY * height / BOARD.height];
}

// Draws a stroke with the mouse.
export async function draw(page, points) {
  const at = await boardOf(page);
  await page.mouse.move(...at(points[0]));
  await page.mouse.down();
  for (const point of points) await page.mouse.move(...at(point));
  await page.mouse.up();
}
