// SPDX-License-Identifier: MIT
// page.mjs - the page /docs in headless Chromium: it shows every operation of /openapi.json, takes a pasted token, sends a
// request and shows the rows; without an error on the console, without anything that its policy forbids, without a request
// to elsewhere. Run by tests/clients/serve.sh; page.mjs --pictures FOLDER takes those of
// docs/operator-guide.md.
import assert from "node:assert/strict";
import fs from "node:fs";
import puppeteer from "puppeteer-core";

const base = process.env.BASE_URL;
const patience = 120000; // for a machine that is busy with other tests
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => fs.existsSync(path));
const pictures = process.argv[2] === "--pictures" ? process.argv[3] : null;

async function logIn() {
  const answer = await fetch(`${base}/api/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username: process.env.ALEES_USERNAME, password: process.env.ALEES_PASSWORD }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).token;
}

// What must not happen on a page, as lines.
async function watch(page) {
  const faults = [];
  page.on("console", (message) => {
    if (message.type() === "error") {
      faults.push(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => faults.push(`not caught: ${error.message}`));
  page.on("requestfailed", (request) => faults.push(`failed: ${request.url()}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${base}/`) && !request.url().startsWith("data:")) {
      faults.push(`asks elsewhere: ${request.url()}`);
    }
  });
  await page.exposeFunction("tellViolation", (text) => faults.push(`forbidden by the policy: ${text}`));
  await page.evaluateOnNewDocument(() => {
    addEventListener("securitypolicyviolation", (event) => {
      globalThis.tellViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  return faults;
}

// Operations are shown when they are scrolled to.
async function shown(page) {
  const all = new Set();
  for (let last = -1; ; ) {
    const here = await page.$$eval(".opblock", (blocks) =>
      blocks.map((block) => `${block.querySelector(".opblock-summary-method").innerText} ${block.querySelector(".opblock-summary-path").getAttribute("data-path")}`),
    );
    here.forEach((operation) => all.add(operation));
    const at = await page.evaluate(() => {
      scrollBy(0, innerHeight / 2);
      return scrollY;
    });
    if (at === last) {
      await page.evaluate(() => scrollTo(0, 0));
      return all;
    }
    last = at;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function declared(api) {
  const methods = ["get", "post", "put", "patch", "delete"];
  return Object.entries(api.paths).flatMap(([path, item]) =>
    methods.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

async function pasteToken(page, token) {
  await page.type("#token", token);
  await page.click("#caller button[type=submit]");
  await page.waitForFunction(() => document.getElementById("told").innerText.startsWith("What this token permits"), { timeout: patience });
}

// Asks for two products, and gives back what the page says was answered.
async function tryOut(page) {
  const block = "[id$='-listProducts']";
  await page.waitForSelector(`${block} .opblock-summary-control`, { timeout: patience });
  await page.click(`${block} .opblock-summary-control`);
  const field = `${block} tr[data-param-name=page_size] input`;
  await page.waitForSelector(`${block} .execute`, { timeout: patience });
  await page.waitForSelector(field, { timeout: patience });
  await page.$eval(field, (input) => input.scrollIntoView({ block: "center" }));
  await page.click(field, { count: 3 });
  await page.type(field, "2");
  await page.keyboard.press("Tab"); // takes the value over
  await page.$eval(`${block} .execute`, (button) => button.click());
  await page.waitForSelector(`${block} .live-responses-table .response .response-col_status`, { timeout: patience });
  const status = await page.$eval(`${block} .live-responses-table .response .response-col_status`, (cell) => cell.innerText.trim());
  const body = await page.$eval(`${block} .live-responses-table .response .highlight-code`, (cell) => cell.innerText);
  return { status, body, block };
}

assert(base, "run me by tests/clients/serve.sh");
assert(executablePath, "chromium is not installed: packaging/deps.sh clients");
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const page = await browser.newPage();
  const faults = await watch(page);
  await page.setViewport({ width: 1120, height: 760 });

  let start = Date.now();
  await page.goto(`${base}/docs`);
  await page.waitForSelector(".opblock", { timeout: patience });
  console.log(`operations are shown after ${Date.now() - start} ms`);

  const api = await (await fetch(`${base}/openapi.json`)).json();
  const wanted = declared(api);
  const found = await shown(page);
  assert.deepEqual(wanted.filter((operation) => !found.has(operation)), [], "operations that the page does not show");
  assert.equal(found.size, wanted.length);

  start = Date.now();
  await pasteToken(page, await logIn());
  console.log(`${found.size} operations; those of the token are shown after ${Date.now() - start} ms`);
  await page.type(".operation-filter-input", api.paths["/api/v1/products"].get.tags[0]);
  await page.waitForSelector("[id$='-listProducts']", { timeout: patience });
  if (pictures) {
    await page.screenshot({ path: `${pictures}/docs-page.png` });
  }
  const { status, body, block } = await tryOut(page);
  assert.match(status, /^200/, body);
  const rows = JSON.parse(body.slice(body.indexOf("{"))).results;
  assert.equal(rows.length, 2);
  assert(rows.every((row) => typeof row.name === "string" && row.name !== ""));
  if (pictures) {
    await page.$eval(`${block} .live-responses-table`, (table) => scrollTo(0, table.getBoundingClientRect().top + scrollY - 100));
    await page.screenshot({ path: `${pictures}/docs-answer.png` }); // below the curl line, which has the token
  }

  await page.goto(`${base}/docs/errors/category_in_use`);
  assert.match(await page.$eval("main", (main) => main.innerText), /409/);
  await page.goto(`${base}/docs/errors`);
  assert((await page.$$("table a")).length > 60);
  assert.deepEqual(faults, []);

  // The policy holds, and this test sees it where it is broken.
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.hasRun = true";
    document.body.append(script);
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(await page.evaluate(() => globalThis.hasRun), undefined);
  assert(faults.some((fault) => fault.startsWith("forbidden by the policy: script-src")));
  console.log(`${rows.length} rows; no error, nothing forbidden, nothing from elsewhere`);
} finally {
  await browser.close();
}
