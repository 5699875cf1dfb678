// SPDX-License-Identifier: MIT
// fuzz.mjs - requests made at random from the description that the server gives of itself, right ones and damaged ones. Of
// every answer: no 5xx, and status, type, headers and body as described. Of a request that is right by the description: not
// refused as one that cannot be understood. Run it inside serve.sh.
//
//   BASE_URL, ALEES_USERNAME, ALEES_PASSWORD   the server, and a superuser there
//   FUZZ_SECONDS (75), FUZZ_SEED               how long; what a run printed makes the same again, but for ids and for what four
//                                              workers at once come to see
//   FUZZ_ONLY                                  a regular expression: operations whose id matches
import { readFileSync } from "node:fs";

import fc from "fast-check";

import { Arbitraries, damaged, damagedText } from "./arbitrary.mjs";
import { Description } from "./description.mjs";
import { exceptionFor } from "./fuzz_exceptions.mjs";
import { headerOf, judge, requestFaults } from "./judge.mjs";
import { Rows } from "./rows.mjs";
import { curl, send } from "./server.mjs";

const COPY = new URL("../../docs/openapi.json", import.meta.url); /* where the server keeps its description to itself */
const WORKERS = 4;
const RUNS = 25; /* of an operation in one round */
const base = process.env.BASE_URL;
const seconds = Number(process.env.FUZZ_SECONDS ?? 75);
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const only = new RegExp(process.env.FUZZ_ONLY ?? "");
const deadline = Date.now() + seconds * 1000;

const stats = { requests: 0, right: 0, by: {}, excepted: {}, logins: 0, limited: 0 };
const findings = new Map(); /* what -> { ..., line } */
const succeeded = new Set();
const tokens = {};

async function login(username) {
  const body = JSON.stringify({ username, password: process.env.ALEES_PASSWORD });
  const headers = [["Content-Type", "application/json"]];
  const x = await send(base, { method: "POST", path: "/api/v1/auth/login", headers, body });
  if (x.status !== 200) {
    throw new Error(`login of ${username}: ${x.status} ${x.body}`);
  }
  stats.logins++;
  tokens[username] = JSON.parse(x.body).token;
}

async function get(path) {
  const headers = [["Authorization", `Bearer ${tokens[process.env.ALEES_USERNAME]}`]];
  const x = await send(base, { method: "GET", path, headers, body: null });
  return x.status === 200 ? JSON.parse(x.body) : null;
}

// ---- requests ----

const USERS = [process.env.ALEES_USERNAME, "acme-manager"];
const user = fc.oneof(
  { weight: 30, arbitrary: fc.constant(USERS[0]) },
  { weight: 6, arbitrary: fc.constant(USERS[1]) },
  { weight: 1, arbitrary: fc.constantFrom("", "unknown") },
);

// One of them, by a weight each; the first is what it shrinks to.
const mostly = (right, wrong, weight) => fc.oneof({ weight, arbitrary: right }, { weight: 1, arbitrary: wrong });

// row: the one that it shall be about; null: any.
function pathOf(operation, row, rows, arbitraries) {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)];
  const values = names.map((m) => {
    const known = rows.idsAt(operation.path.slice(0, m.index - 1));
    const declared = operation.parameters.find((p) => p.in === "path" && p.name === m[1]);
    const any = known.length ? fc.constantFrom(...known) : arbitraries.of(declared.schema, m[1]);
    return mostly(row?.[m[1]] ? fc.constant(row[m[1]]) : any, fc.oneof(fc.uuid(), damagedText), row ? 24 : 8);
  });
  return fc.tuple(...values).map((all) => {
    let i = 0;
    return operation.path.replace(/\{\w+\}/g, () => encoded(all[i++]));
  });
}

const listed = (items) => items.map((v) => (/[",]/.test(`${v}`) ? `"${`${v}`.replace(/"/g, '""')}"` : `${v}`)).join(",");

// Where what the schema allows is refused nearly always, something that is not.
const HINTS = { page_size: fc.integer({ min: 1, max: 200 }).map(String), cursor: fc.constant(""), page: fc.integer({ min: 1, max: 3 }).map(String) };

function parameterValue(p, operation, rows, arbitraries) {
  const json = p.content?.["application/json"]?.schema;
  const made = json
    ? arbitraries.of(json).map((v) => JSON.stringify(v))
    : arbitraries.of(p.schema ?? {}, p.name.split("__")[0]).map((v) => (Array.isArray(v) ? listed(v) : `${v}`));
  const there = rows.valuesFor(operation, p.name.split("__")[0]).map((v) => `${v}`);
  const hinted = HINTS[p.name] ? mostly(HINTS[p.name], made, 4) : made;
  const right = there.length ? mostly(made, fc.constantFrom(...there), 2) : hinted;
  return mostly(right, damagedText, 12);
}

function queryOf(operation, rows, arbitraries) {
  const query = operation.parameters.filter((p) => p.in === "query" && p.schema?.type !== "object");
  if (!query.length) {
    return fc.constant([]);
  }
  const one = (p) => parameterValue(p, operation, rows, arbitraries).map((v) => [p.name, v]);
  const free = operation.parameters.filter((p) => p.in === "query" && p.schema?.type === "object").map((p) => p.name);
  const odd = fc.tuple(
    fc.constantFrom("unknown", "", "id__like", "page_size__gt", "__proto__", ...free.flatMap((f) => [`${f}__k`, `${f}__k__gte`, `${f}__a__b__in`])),
    damagedText,
  );
  const required = fc.tuple(...query.filter((p) => p.required).map(one));
  const optional = query.filter((p) => !p.required);
  const some = optional.length ? fc.array(mostly(fc.constantFrom(...optional).chain(one), odd, 25), { maxLength: 4 }) : fc.constant([]);
  const isTwice = fc.integer({ min: 0, max: 30 }).map((n) => n === 30);
  const few = operation.method === "get" ? some : mostly(fc.constant([]), some, 2); /* writes have more to tell than that */
  const takesAll = optional.some((p) => p.name === "all"); /* of a change of many rows: without a filter it is refused */
  return fc.tuple(required, few, isTwice).map(([a, b, twice]) => {
    const all = [...a, ...b, ...(takesAll && !b.length ? [["all", "true"]] : [])].filter(([n, v]) => n !== "cursor" || v);
    return twice ? all : all.filter(([n], i) => all.findIndex(([other]) => other === n) === i);
  });
}

// What a client does with PUT: the row as it was read, with some members changed.
function replacement(right, row) {
  const changed = right.map((v) => ({ ...v, ...Object.fromEntries(Object.entries(row).filter(([k]) => !(k in v) || k.length % 2)) }));
  return fc.oneof(fc.constant(row), changed, right);
}

function bodyOf(operation, row, arbitraries) {
  const content = operation.body?.value.content;
  if (!content) {
    return fc.constant({ type: null, body: null });
  }
  const one = Object.entries(content).map(([type, { schema }]) => {
    if (!/\bjson\b/.test(type) || /ndjson/.test(type)) {
      return { weight: 1, arbitrary: linesOf(operation, type, arbitraries) };
    }
    const made = arbitraries.of(schema);
    const right = operation.method === "put" && row ? replacement(made, row) : made;
    const wrong = right.chain(damaged);
    return { weight: 12, arbitrary: mostly(right.map((v) => JSON.stringify(v)), wrong, 3).map((body) => ({ type, body })) };
  });
  const other = fc.constantFrom("text/plain", "application/json; charset=utf-8", "application/xml", "", "a/b;;").map((type) => ({ type, body: "{}" }));
  return mostly(fc.oneof(...one), fc.oneof(other, fc.constant({ type: null, body: null })), 25);
}

// Of an import: records of what a create takes.
function linesOf(operation, type, arbitraries) {
  const schema = operation.body.value.content["application/json"]?.schema;
  const row = schema?.anyOf?.[0] ?? schema ?? {};
  const records = fc.array(arbitraries.of(row), { minLength: 1, maxLength: 3 });
  const cell = (v) => `"${(v === null || v === undefined ? "" : typeof v === "object" ? JSON.stringify(v) : `${v}`).replace(/"/g, '""')}"`;
  const lines = records.map((all) => {
    if (/ndjson/.test(type)) {
      return all.map((r) => JSON.stringify(r)).join("\n");
    }
    const names = [...new Set(all.flatMap((r) => Object.keys(r ?? {})))];
    return [names.join(","), ...all.map((r) => names.map((n) => cell(r[n])).join(","))].join("\r\n");
  });
  return mostly(lines, damagedText, 6).map((body) => ({ type, body }));
}

const HEADERS = {
  "If-Match": fc.constantFrom("*", '"1"', '"nonsense"', "W/\"1\"", "broken"),
  "If-None-Match": fc.constantFrom("*", '"1"', "broken"),
  Prefer: fc.constantFrom("return=minimal", "return=representation", "count=exact", "handling=strict, unknown", "tx=rollback", "max-affected=1", "resolution=ignore-duplicates", "tx=maybe"),
  "Idempotency-Key": fc.oneof(fc.uuid(), fc.constantFrom("same", "x".repeat(256), "a b")),
  Accept: fc.constantFrom("*/*", "text/csv", "application/x-ndjson", "application/json;q=0.1", "image/png", ";;", "application/json, text/csv;q=0"),
  "Accept-Encoding": fc.constant("gzip"),
  "X-Request-Id": fc.constantFrom("fuzz", "x".repeat(200)),
};

function headersOf(operation) {
  const known = operation.parameters.filter((p) => p.in === "header").map((p) => p.name);
  const names = [...new Set([...known, "Accept", "X-Request-Id"])].filter((n) => HEADERS[n]);
  const one = fc.constantFrom(...names).chain((n) => HEADERS[n].map((v) => [n, v]));
  return mostly(fc.constant([]), fc.uniqueArray(one, { minLength: 1, maxLength: 2, selector: ([n]) => n }), 3);
}

function requestOf(operation, rows, arbitraries) {
  const there = /\{id\}/.test(operation.path) ? rows.rowsAt(operation.path) : [];
  const row = there.length ? mostly(fc.constantFrom(...there), fc.constant(null), 5) : fc.constant(null);
  return row.chain((about) => requestAbout(operation, about, rows, arbitraries));
}

function requestAbout(operation, row, rows, arbitraries) {
  const method = operation.method.toUpperCase();
  return fc
    .record({
      user,
      method: method === "GET" ? mostly(fc.constant(method), fc.constantFrom("HEAD", "OPTIONS"), 20) : fc.constant(method),
      path: pathOf(operation, row, rows, arbitraries),
      query: queryOf(operation, rows, arbitraries),
      headers: headersOf(operation),
      content: bodyOf(operation, row, arbitraries),
    })
    .map((r) => safe(operation, rows, assembled(r)));
}

const encoded = (text) => encodeURIComponent(text.toWellFormed?.() ?? text.replace(/[\ud800-\udfff]/g, "?"));

function assembled(r) {
  const query = r.query.map(([n, v]) => `${encoded(n)}=${encoded(v)}`).join("&");
  const headers = [...r.headers];
  if (r.content.type) {
    headers.push(["Content-Type", r.content.type]);
  }
  return { user: r.user, method: r.method, path: r.path + (query ? `?${query}` : ""), headers, body: r.content.body };
}

// What would lock the run out, or leave it nothing to ask for, is rehearsed only: everything is done, then taken back.
function safe(operation, rows, r) {
  const isMany = (operation.method === "patch" || operation.method === "delete") && !operation.path.endsWith("}");
  const isSession = /\/auth\//.test(operation.path) && !/login$/.test(operation.path);
  const isKept = rows.kept.some((id) => r.path.includes(id));
  const isUpsert = /[?&]on_conflict=/.test(r.path);
  const isRule = /custom-field-definitions/.test(r.path) && /"required":\s*true/.test(r.body ?? "");
  if (operation.method === "get" || !(isMany || isSession || isKept || isUpsert || isRule)) {
    return r;
  }
  return { ...r, headers: [...r.headers.filter(([n]) => n !== "Prefer"), ["Prefer", "tx=rollback"]] };
}

// ---- one of them sent ----

class Finding extends Error {}

async function exchange(r) {
  for (let again = 0; ; again++) {
    const token = r.user === "" ? null : r.user === "unknown" ? "alees_nobody" : tokens[r.user];
    const headers = token ? [...r.headers, ["Authorization", `Bearer ${token}`]] : r.headers;
    const x = await send(base, { ...r, headers });
    if (x.status !== 401 || !tokens[r.user] || again || /\/auth\/(login|password)/.test(r.path)) {
      return x;
    }
    await login(r.user); /* something ended it */
  }
}

function count(x) {
  stats.requests++;
  stats.by[x.status] = (stats.by[x.status] ?? 0) + 1;
  stats.limited += x.status === 429 && !/\/auth\//.test(x.path) ? 1 : 0;
}

function refusedThough(description, operation, r, x) {
  /* To others, fields that they may not read are unknown. */
  if (r.user !== USERS[0] || ![400, 406, 414, 415].includes(x.status) || ["HEAD", "OPTIONS"].includes(r.method) || requestFaults(description, x).length) {
    return null;
  }
  const problem = headerOf(x.headers, "content-type") === "application/problem+json" && x.body ? JSON.parse(x.body) : {};
  const exception = exceptionFor(operation, x, problem);
  if (exception) {
    stats.excepted[exception] = (stats.excepted[exception] ?? 0) + 1;
    return null;
  }
  const detail = problem.errors?.[0] ? `${problem.errors[0].code}: ${problem.errors[0].detail}` : problem.detail;
  return `refused as ${problem.code}, though right by the description: ${detail}`;
}

async function check(description, operation, r) {
  const x = await exchange(r);
  count(x);
  const whats = judge(description, x).map((f) => f.what);
  if (x.status >= 500) {
    whats.unshift(`a failure of the server: ${x.body.slice(0, 200)}`);
  }
  const refused = refusedThough(description, operation, r, x);
  if (refused) {
    whats.push(refused);
  }
  stats.right += x.status < 300 || refused ? 1 : 0;
  if (x.status < 300 && r.method !== "OPTIONS") {
    succeeded.add(operation.id);
  }
  const fresh = whats.find((w) => !findings.has(`${operation.id} ${x.status} ${w}`));
  if (fresh) {
    throw Object.assign(new Finding(fresh), { key: `${operation.id} ${x.status} ${fresh}`, status: x.status, answer: x.body.slice(0, 300) });
  }
}

async function run(description, rows, arbitraries, operation, round) {
  const left = deadline - Date.now();
  const property = fc.asyncProperty(requestOf(operation, rows, arbitraries), (r) => check(description, operation, r));
  const result = await fc.check(property, { seed: seed + round, numRuns: RUNS, interruptAfterTimeLimit: Math.max(left, 1), markInterruptAsFailure: false });
  if (!result.failed || !result.counterexample) {
    return;
  }
  const error = result.errorInstance;
  const what = error instanceof Finding ? error.message : `no answer: ${error?.stack ?? error}`;
  const key = error instanceof Finding ? error.key : `${operation.id} ${what}`;
  findings.set(key, { operation: operation.id, status: error.status, what, answer: error.answer, line: curl(result.counterexample[0]), round });
}

function shuffled(list, round) {
  const random = fc.sample(fc.array(fc.nat(), { minLength: list.length, maxLength: list.length }), { seed: seed + round, numRuns: 1 })[0];
  return list.map((v, i) => [random[i], v]).sort((a, b) => a[0] - b[0]).map(([, v]) => v);
}

async function fuzz(description) {
  const operations = description.operations.filter((o) => only.test(o.id));
  const rows = new Rows(description, get);
  let round = 0;
  for (; Date.now() < deadline; round++) {
    await rows.harvest(USERS);
    const arbitraries = new Arbitraries(description, (name, owner) => rows.idsFor(name, owner));
    const queue = shuffled(operations, round);
    const worker = async () => {
      for (let o = queue.pop(); o && Date.now() < deadline; o = queue.pop()) {
        await run(description, rows, arbitraries, o, round);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
  }
  return { operations, round };
}

for (const username of USERS) {
  await login(username);
}
const description = new Description((await get("/openapi.json")) ?? JSON.parse(readFileSync(COPY, "utf8")));
console.log(`# seed ${seed} (FUZZ_SEED=${seed} repeats it), ${seconds} s, ${description.operations.length} operations`);
const { operations, round } = await fuzz(description);

const alike = new Map(); /* findings that are the same but for the operation */
for (const f of findings.values()) {
  const key = `${f.status ?? ""}: ${f.what}`;
  alike.set(key, [...(alike.get(key) ?? []), f]);
}
for (const [key, [first, ...more]] of alike) {
  const others = more.length ? ` and ${more.length} more (${more.slice(0, 4).map((f) => f.operation).join(", ")})` : "";
  console.log(`FINDING ${key}\n  ${first.operation}${others}\n  ${first.line}\n  -> ${first.answer ?? ""}`);
}
const without = operations.filter((o) => !succeeded.has(o.id)).map((o) => o.id);
console.log(`# ${stats.requests} requests in ${round} rounds, ${stats.logins} logins; statuses ${JSON.stringify(stats.by)}`);
console.log(`excepted: ${JSON.stringify(stats.excepted)}\nnever with success: ${without.join(", ") || "none"}`);
const isHidden = stats.limited > stats.requests / 100;
if (isHidden) {
  console.log(`${stats.limited} answers were 429: the limits of the server hide the rest`);
}
console.log(`${operations.length - new Set([...findings.values()].map((f) => f.operation)).size} passed, ${findings.size + (isHidden ? 1 : 0)} failed`);
process.exit(findings.size || isHidden || !stats.requests ? 1 : 0);
