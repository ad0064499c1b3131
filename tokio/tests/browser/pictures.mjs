// Takes the pictures of the documentation: a drawing on the page of demo_server, on a desktop and on a phone.

import { DESKTOP, PHONE, draw, launch, serve } from "./support.mjs";

// The strokes of the drawing have a colour, a pen and points in the units of the board, 1500 × 1200.

const [INK, RED, ORANGE, GREEN, BLUE, PURPLE, PINK] = Array(7).keys();
const [FINE, MEDIUM, BROAD] = Array(3).keys();

// A curve from t = 0 to 1, not quite steady.
function curve(colour, pen, steps, at) {
  const points = Array.from({ length: steps + 1 }, (_, step) => {
    const [x, y] = at(step / steps);
    return [x + 3 * Math.sin(x / 31 + y / 47), y + 3 * Math.sin(y / 29 - x / 53)];
  });
  return { colour, pen, points };
}

function path(colour, pen, ...corners) {
  return curve(colour, pen, 8 * (corners.length - 1), t => {
    const at = Math.min(t * (corners.length - 1), corners.length - 1.001);
    const [[x, y], [toX, toY]] = [corners[Math.floor(at)], corners[Math.floor(at) + 1]];
    return [x + (toX - x) * (at % 1), y + (toY - y) * (at % 1)];
  });
}

function arc(colour, pen, x, y, radiusX, radiusY, from = 0, to = 1) {
  return curve(colour, pen, Math.ceil(36 * Math.abs(to - from)) + 4, t => {
    const angle = 2 * Math.PI * (from + (to - from) * t);
    return [x + radiusX * Math.cos(angle), y + radiusY * Math.sin(angle)];
  });
}

// An ellipse, filled with one stroke from side to side.
function filled(colour, x, y, radiusX, radiusY) {
  const rows = Math.ceil(radiusY / 12);
  const sides = Array.from({ length: rows + 1 }, (_, row) => {
    const height = 2 * row / rows - 1;
    const half = (radiusX - 16) * Math.sqrt(1 - height * height);
    return [x + (row % 2 ? half : -half), y + height * (radiusY - 16)];
  });
  return [path(colour, BROAD, ...sides), arc(colour, BROAD, x, y, radiusX - 16, radiusY - 16)];
}

const PICTURE = [
  // The sun and its rays.
  ...filled(ORANGE, 1240, 230, 80, 80),
  ...Array.from({ length: 9 }, (_, ray) => {
    const angle = Math.PI * (0.15 + ray * 2 / 9);
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    return path(ORANGE, MEDIUM, [1240 + 135 * x, 230 + 135 * y], [1240 + 185 * x, 230 + 185 * y]);
  }),
  // The sea.
  ...[0, 1, 2].map(row => curve(BLUE, MEDIUM, 110, t =>
    [60 + row * 36 + t * (1390 - row * 60), 960 + row * 72 + 20 * Math.sin(t * (44 - row * 6) + row)])),
  // A boat.
  path(PURPLE, BROAD, [170, 850], [230, 905], [440, 905], [500, 850], [170, 850]),
  path(PURPLE, BROAD, [230, 880], [440, 880]),
  path(INK, MEDIUM, [330, 845], [330, 520]),
  path(GREEN, MEDIUM, [350, 540], [350, 800], [500, 800], [350, 540]),
  path(GREEN, MEDIUM, [310, 600], [310, 800], [205, 800], [310, 600]),
  // A crab.
  ...[-1, 1].flatMap(side => [
    path(RED, MEDIUM, [860 + side * 170, 800], [860 + side * 260, 840], [860 + side * 290, 910]),
    path(RED, MEDIUM, [860 + side * 150, 840], [860 + side * 215, 880], [860 + side * 235, 930]),
    path(RED, BROAD, [860 + side * 150, 755], [860 + side * 280, 690], [860 + side * 300, 610]),
    arc(RED, BROAD, 860 + side * 310, 550, side * 52, 60, -0.16, 0.72),
    path(RED, MEDIUM, [860 + side * 60, 660], [860 + side * 70, 590]),
  ]),
  ...filled(RED, 860, 770, 205, 125),
  ...[-1, 1].flatMap(side => filled(INK, 860 + side * 74, 565, 22, 24)),
  arc(INK, MEDIUM, 860, 760, 62, 46, 0.06, 0.44),
  ...[-1, 1].map(side => arc(PINK, MEDIUM, 860 + side * 120, 775, 20, 14)),
  // Gulls.
  ...[[520, 250, 1], [660, 170, 0.8], [820, 290, 0.7]].flatMap(([x, y, size]) => [
    arc(INK, FINE, x - 45 * size, y, 45 * size, 34 * size, 0.55, 1),
    arc(INK, FINE, x + 45 * size, y, 45 * size, 34 * size, 0.5, 0.95),
  ]),
  // "hi"
  path(BLUE, MEDIUM, [150, 150], [150, 350]),
  arc(BLUE, MEDIUM, 198, 300, 46, 60, 0.5, 1),
  path(BLUE, MEDIUM, [244, 300], [246, 350]),
  path(BLUE, MEDIUM, [320, 250], [320, 350]),
  path(BLUE, MEDIUM, [319, 196], [321, 200]),
];

const server = await serve();
const browser = await launch();

async function open(options) {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(server.uri);
  return page;
}

const desktop = await open({ ...DESKTOP, colorScheme: "light" });
const phone = await open({ ...PHONE, deviceScaleFactor: 1.5, colorScheme: "dark" });
for (const { colour, pen, points } of PICTURE) {
  await desktop.locator(`[name=colour][value="${colour}"]`).check();
  await desktop.locator(`[name=pen][value="${pen}"]`).check();
  await draw(desktop, points);
}
for (const [name, page] of Object.entries({ desktop, phone })) {
  await page.waitForFunction(() => document.getElementById("rtt").textContent !== "–");
  await page.screenshot({ path: `../../../docs/demo-${name}.png` });
}
await browser.close();
await server.stop();
