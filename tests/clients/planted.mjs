// SPDX-License-Identifier: MIT
// planted.mjs - faults put in on purpose, each of which the judge must find, and the fuzz in what a server answers: a check
// that finds nothing is worth something only then. With BASE_URL (serve.sh) the second part runs, too.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import { fileURLToPath } from "node:url";

import { Description } from "./description.mjs";
import { judge } from "./judge.mjs";

const SECONDS = 12;
const ID = "01930d2e-8f7a-7c3b-9a51-3f6f2b8d4e11";
const description = new Description(JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8")));

// ---- the judge ----

const right = (more) => ({
  method: "GET",
  path: `/api/v1/products/${ID}`,
  status: 200,
  headers: [["Content-Type", "application/json"], ["X-Request-Id", "1"], ["ETag", '"1"']],
  body: JSON.stringify({ id: ID, name: "Bolt", price: undefined }),
  request: { headers: [], body: null },
  ...more,
});
const json = { headers: [["Content-Type", "application/json"]] };
const problem = (members) => ({
  headers: [["Content-Type", "application/problem+json"], ["X-Request-Id", "1"]],
  body: JSON.stringify({ type: "/docs/errors/x", title: "x", status: 404, code: "not_found", detail: "x", request_id: "1", ...members }),
});
const create = (body, more) => right({ method: "POST", path: "/api/v1/products", status: 201, request: { ...json, body: JSON.stringify(body) }, ...more });
const whole = { name: "Bolt", sku: "B", base_uom: ID };

const planted = [
  ["nothing", right({}), null],
  ["no fault of a problem", right({ status: 404, ...problem({}) }), null],
  ["no fault of a create", create(whole), null],
  ["a member", right({ body: JSON.stringify({ id: ID, secret: 1 }) }), /additional properties \(secret\)/],
  ["a type", right({ body: JSON.stringify({ id: ID, name: 1 }) }), /\/name must be string/],
  ["a format", right({ body: JSON.stringify({ id: "one" }) }), /must match format "uuid"/],
  ["a status", right({ status: 418 }), /status is not described/],
  ["a failure", right({ status: 502, body: "" }), /status is not described/],
  ["a content type", right({ headers: [["Content-Type", "text/html"], ["X-Request-Id", "1"]] }), /content type text\/html/],
  ["no body", right({ body: "" }), /an empty body/],
  ["what is no JSON", right({ body: "{" }), /no JSON/],
  ["a body of HEAD", right({ method: "HEAD" }), /answer to HEAD has a body/],
  ["a body of 204", right({ method: "DELETE", status: 204 }), /a body .* is not described/],
  ["a header", right({ headers: [...right().headers, ["X-Secret", "1"]] }), /header X-Secret is not described/],
  ["no header", right({ headers: [["Content-Type", "application/json"]] }), /header X-Request-Id is missing/],
  ["a member of a problem", right({ status: 404, ...problem({ sql: "SELECT" }) }), /additional properties \(sql\)/],
  ["a path", right({ path: "/api/v1/nonsense" }), /is not a described path/],
  ["a method", right({ method: "PUT", path: "/api/v1/products" }), /method PUT is not described/],
  ["another Allow", right({ method: "OPTIONS", path: "/api/v1/products", status: 204, body: "", headers: [["Allow", "GET"]] }), /Allow says GET/],
  ["a parameter", right({ path: "/api/v1/products?nonsense=1" }), /took the parameter nonsense/],
  ["a value of a parameter", right({ path: "/api/v1/products?status=wrong" }), /took status with a value/],
  ["a parameter sent twice", right({ path: `/api/v1/products/${ID}?fields=id&fields=name` }), /took a parameter twice/],
  ["a parameter that is missing", right({ path: "/api/v1/rbac/can", body: '{"allowed":true,"reason":"x"}' }), /did without permission/],
  ["a member of a request", create({ ...whole, nonsense: 1 }), /took a body that is not described/],
  ["a missing member of a request", create({ name: "Bolt" }), /required property/],
  ["a type of a request", create(whole, { request: { headers: [["Content-Type", "text/plain"]], body: "x" } }), /took a body of type text\/plain/],
  ["an id in a path", right({ path: "/api/v1/products/one" }), /took id in the path/],
];

let passed = 0;
const failures = [];
const expect = (name, isRight, said) => {
  passed += isRight ? 1 : 0;
  if (!isRight) {
    failures.push(`${name}: ${said}`);
  }
};

for (const [name, x, pattern] of planted) {
  const said = judge(description, x).map((f) => f.what);
  expect(name, pattern ? said.some((w) => pattern.test(w)) : said.length === 0, said.join("; ") || "nothing was found");
}

// ---- the fuzz, through a proxy that spoils some answers ----

const SPOILS = {
  "a failure of the server": (a) => ({ ...a, status: 500 }),
  "the status is not described": (a) => ({ ...a, status: 418 }),
  "must NOT have additional properties (planted)": (a) => (a.status === 200 ? { ...a, body: a.body.replace(/^\{/, '{"planted":1,') } : a),
  "refused as bad_parameter, though right by the description": (a) =>
    a.status === 200 ? { status: 400, type: "application/problem+json", body: problem({ status: 400, code: "bad_parameter" }).body } : a,
};

function spoiled(spoil, request, response) {
  const target = new URL(process.env.BASE_URL);
  const forward = http.request(
    { host: target.hostname, port: target.port, method: request.method, path: request.url, headers: request.headers },
    (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const type = answer.headers["content-type"];
        const given = { status: answer.statusCode, type, body: Buffer.concat(parts).toString("utf8") };
        const isTurn = /^\/api\/v1\/products\//.test(request.url) && request.method === "GET";
        const told = isTurn ? spoil(given) : given;
        const { "content-length": _, "transfer-encoding": __, ...headers } = answer.headers;
        response.writeHead(told.status, { ...headers, ...(told.type ? { "content-type": told.type } : {}) });
        response.end(told.body);
      });
    },
  );
  forward.on("error", () => response.destroy());
  request.pipe(forward);
}

function fuzzThrough(spoil) {
  return new Promise((resolve) => {
    const proxy = http.createServer((request, response) => spoiled(spoil, request, response));
    proxy.listen(0, "127.0.0.1", () => {
      const env = { ...process.env, BASE_URL: `http://127.0.0.1:${proxy.address().port}`, FUZZ_SECONDS: `${SECONDS}`, FUZZ_ONLY: "^getProduct$" };
      const child = spawn(process.execPath, [fileURLToPath(new URL("fuzz.mjs", import.meta.url))], { env });
      let said = "";
      child.stdout.on("data", (part) => (said += part));
      child.stderr.on("data", (part) => (said += part));
      child.on("close", (code) => {
        proxy.close();
        proxy.closeAllConnections?.();
        resolve({ code, said });
      });
    });
  });
}

if (process.env.BASE_URL) {
  for (const [what, spoil] of Object.entries(SPOILS)) {
    const { code, said } = await fuzzThrough(spoil);
    const isFound = code === 1 && said.includes(what) && /curl -sS .*products/.test(said);
    expect(`through the proxy, ${what}`, isFound, said.slice(0, 600));
  }
}

for (const failure of failures) {
  console.log(`NOT FOUND ${failure}`);
}
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
