// SPDX-License-Identifier: MIT
// responses.mjs FOLDER - holds every answer that the tests recorded (tests/support/record.c) against the description of the
// server that gave it. Last line: "N passed, M failed", counted in exchanges.
import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { Description } from "./description.mjs";
import { judge } from "./judge.mjs";

const SHIPPED = fileURLToPath(new URL("../../docs/openapi.json", import.meta.url));

const folder = process.argv[2];
if (!folder || !existsSync(folder)) {
  console.error("responses.mjs FOLDER: a folder that the tests wrote with ALEES_TEST_RECORD=FOLDER");
  process.exit(2);
}

const worlds = new Map();
function worldOf(name) {
  if (!worlds.has(name)) {
    const file = name === "shipped" ? SHIPPED : join(folder, `world-${name}.openapi.json`);
    worlds.set(name, new Description(JSON.parse(readFileSync(file, "utf8"))));
  }
  return worlds.get(name);
}

const headersOf = (head) =>
  head
    .split("\r\n")
    .filter((line) => line && !line.startsWith("HTTP/1."))
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);

// A request whose head is nonsense on purpose has none here.
function exchangeOf(line) {
  const r = JSON.parse(line);
  const headers = headersOf(r.head);
  const isPacked = headers.some(([n]) => /^(content-encoding|transfer-encoding)$/i.test(n));
  const textOf = (t) => (t !== null && typeof t === "object" ? undefined : t);
  const request = typeof r.request_head === "string" ? { headers: headersOf(r.request_head), body: textOf(r.request_body) } : null;
  const body = isPacked ? undefined : textOf(r.body);
  const [method, path] = [r.method, r.path].map((t) => textOf(t) ?? ""); /* not UTF-8: an operation of nobody */
  return { world: r.world, method, path, status: r.status, headers, body, request };
}

const groups = new Map();
const seen = new Map(); /* operation -> statuses */
let exchanges = 0;
let wrong = 0;

function note(test, finding, x) {
  const key = `${finding.status}\n${finding.what}`;
  const example = `${test}: ${x.method} ${x.path}`.slice(0, 300);
  const group = groups.get(key) ?? { ...finding, tests: new Set(), operations: new Set(), count: 0, example };
  group.count++;
  group.tests.add(test);
  group.operations.add(finding.operation);
  groups.set(key, group);
}

const some = (set, most = 5) => [...set].slice(0, most).join(", ") + (set.size > most ? ` and ${set.size - most} more` : "");

const files = readdirSync(folder).filter((f) => f.endsWith(".ndjson"));
for (const file of files) {
  const test = file.replace(/-\d+\.ndjson$/, "").replace(/^test_/, "");
  for await (const line of createInterface({ input: createReadStream(join(folder, file)), crlfDelay: Infinity })) {
    const x = exchangeOf(line);
    const description = worldOf(x.world);
    const findings = judge(description, x);
    const operation = description.find(x.method, x.path.split("?")[0]).operation;
    if (operation) {
      seen.set(operation.id, (seen.get(operation.id) ?? new Set()).add(x.status));
    }
    exchanges++;
    wrong += findings.length > 0 ? 1 : 0;
    for (const finding of findings) {
      note(test, finding, x);
    }
  }
}

const sorted = [...groups.values()].sort((a, b) => b.count - a.count);
for (const g of sorted) {
  console.log(`${g.count} x ${g.status}: ${g.what}\n    of ${some(g.operations)}; in ${some(g.tests)}\n    ${g.example}`);
}
const operations = [...worlds.values()].flatMap((d) => d.operations.map((o) => o.id));
const unseen = [...new Set(operations)].filter((id) => !seen.has(id));
const pairs = [...seen.values()].reduce((n, s) => n + s.size, 0);
console.log(
  `# ${files.length} recordings, ${worlds.size} descriptions, ${exchanges} exchanges, ${seen.size} operations in ${pairs} ` +
    `statuses` + (unseen.length ? `; never asked for: ${some(new Set(unseen), 8)}` : ""),
);
if (exchanges === 0) {
  console.log("nothing was recorded");
}
console.log(`${exchanges - wrong} passed, ${wrong} failed`);
process.exit(wrong > 0 || exchanges === 0 ? 1 : 0);
