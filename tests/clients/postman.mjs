// SPDX-License-Identifier: MIT
// postman.mjs [--write] - newman runs docs/postman against the server (tests/clients/serve.sh): every request and assertion
// passes, every answer is as described, every operation of /openapi.json is there. What was asked and answered, made the same
// for every run, is docs/examples.json; --write writes that file.
import { readFileSync, writeFileSync } from "node:fs";

import newman from "newman";

import { Description } from "./description.mjs";
import { example } from "./examples.mjs";
import { judge } from "./judge.mjs";

const RUN = "demo"; /* what the collection puts into names that must be new */
const SHOWN = 40; /* faults, at most */
const docs = new URL("../../docs/", import.meta.url);
const base = process.env.BASE_URL;
const json = (name) => JSON.parse(readFileSync(new URL(name, docs), "utf8"));

const faults = [];
const exchanges = []; /* in the order of the run */

function exchangeOf({ request, response }) {
  const pairs = (headers) => headers.all().map(({ key, value }) => [key, value]);
  return {
    method: request.method,
    path: request.url.getPathWithQuery(),
    status: response.code,
    headers: pairs(response.headers),
    body: request.method === "HEAD" ? "" : response.text(),
    request: { headers: pairs(request.headers), body: request.body?.toString() ?? "" },
  };
}

function run(collection, environment) {
  const settings = { base_url: base, username: process.env.ALEES_USERNAME, password: process.env.ALEES_PASSWORD, run: RUN };
  return new Promise((resolve, reject) => {
    const options = {
      collection,
      environment,
      envVar: Object.entries(settings).map(([key, value]) => ({ key, value })),
      ignoreRedirects: true,
      timeoutRequest: 40000,
    };
    const running = newman.run(options, (error, summary) => (error ? reject(error) : resolve(summary.run)));
    running.on("request", (error, args) => {
      if (error) {
        faults.push(`${args.item.name}: ${error.message}`);
      } else {
        exchanges.push({ name: args.item.name, ...exchangeOf(args) });
      }
    });
  });
}

function judgeAll(description) {
  for (const x of exchanges) {
    for (const { what } of judge(description, x)) {
      faults.push(`${x.name}: ${x.method} ${x.path}: ${x.status}: ${what}`);
    }
  }
}

function coverage(description) {
  const asked = new Set(exchanges.map((x) => description.find(x.method, x.path.split("?")[0]).operation));
  for (const operation of description.operations.filter((o) => !asked.has(o))) {
    faults.push(`the collection does not have ${operation.method.toUpperCase()} ${operation.path}`);
  }
  return description.operations.length;
}

// A list, or an import.
const isOfMany = (x) => /^\s*[^\s{]/.test(x.request.body);

// Of each operation and status the first exchange that is about one row, else the first; in the order of the description.
function examplesOf(description) {
  const others = [
    [base, "http://127.0.0.1:8080"],
    [new URL(base).host, "127.0.0.1:8080"],
  ];
  const first = new Map();
  for (const x of exchanges) {
    const { operation } = description.find(x.method, x.path.split("?")[0]);
    const key = `${operation?.id} ${x.status}`;
    const chosen = first.get(key);
    if (operation && x.method !== "HEAD" && (!chosen || (isOfMany(chosen.x) && !isOfMany(x)))) {
      first.set(key, { operation, x });
    }
  }
  const place = new Map(description.operations.map((o, i) => [o.id, i]));
  const sorted = [...first.values()].sort(
    (a, b) => place.get(a.operation.id) - place.get(b.operation.id) || a.x.status - b.x.status,
  );
  return `[\n${sorted.map(({ operation, x }) => JSON.stringify(example(operation, x, others))).join(",\n")}\n]\n`;
}

// Which operations of two such files differ.
function compare(now, golden) {
  const byKey = (text) => new Map(JSON.parse(text).map((x) => [`${x.operationId} ${x.status}`, JSON.stringify(x)]));
  const [a, b] = [byKey(now), byKey(golden)];
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    if (a.get(key) !== b.get(key)) {
      faults.push(`docs/examples.json is stale: ${key}; \`make examples\` writes it anew\n  was ${b.get(key)}\n  is  ${a.get(key)}`);
    }
  }
}

const description = new Description(json("openapi.json"));
const ran = await run(json("postman/alees.postman_collection.json"), json("postman/alees.postman_environment.json"));
for (const { source, error } of ran.failures) {
  faults.push(`${source?.name ?? "the collection"}: ${error.test ?? error.name}: ${error.message}`);
}
judgeAll(description);
const operations = coverage(description);
const { requests, assertions } = ran.stats;
if (requests.total === 0 || assertions.total < requests.total) {
  faults.push("a request without any assertion");
}
console.log(`${requests.total} requests, ${assertions.total} assertions, ${operations} operations, ${ran.timings.completed - ran.timings.started} ms`);
const examples = examplesOf(description);
const file = new URL("examples.json", docs);
if (process.argv.includes("--write")) {
  writeFileSync(file, examples);
} else {
  compare(examples, readFileSync(file, "utf8"));
}
faults.slice(0, SHOWN).forEach((fault) => console.log(fault));
if (faults.length > SHOWN) {
  console.log(`and ${faults.length - SHOWN} more`);
}
process.exit(faults.length > 0 ? 1 : 0);
