// SPDX-License-Identifier: MIT
// examples.mjs - exchanges that took place, as docs/examples.json keeps them for `alees apidoc`: short, and the same in every
// run. What is another one each time (ids, times, tokens, cursors) is replaced by what looks the same, in the order in which it
// appears in the exchange; what is equal stays equal. "…" stands for what has been left out.
const LINES = 40; /* of a body, at most */
const MOST_ITEMS = 3; /* of a list, where they fit */
const DEPTH = 9;
const KEPT = {
  request: ["Accept", "Authorization", "Content-Type", "If-Match", "If-None-Match", "Prefer", "Idempotency-Key"],
  response: [
    ...["Allow", "Content-Type", "Content-Disposition", "ETag", "Idempotency-Replayed", "Link", "Location"],
    ...["Preference-Applied", "Retry-After", "WWW-Authenticate"],
  ],
};
const MORE = "…";

const lines = (value) => JSON.stringify(value, null, 2).split("\n").length;
const isObject = (value) => typeof value === "object" && value !== null;

function shortened(value, items, depth) {
  if (!isObject(value)) {
    return value;
  }
  if (depth === 0 && Object.keys(value).length > 0) {
    return MORE;
  }
  if (Array.isArray(value)) {
    const first = value.slice(0, items).map((item) => shortened(item, items, depth - 1));
    return value.length > items ? [...first, MORE] : first;
  }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shortened(member, items, depth - 1)]));
}

function short(value) {
  let result = shortened(value, MOST_ITEMS, DEPTH);
  for (let depth = DEPTH; depth > 0 && lines(result) > LINES; depth--) {
    result = shortened(value, 1, depth);
  }
  return result;
}

const isJson = (type) => /[/+]json\b/.test(type ?? "");

function bodyOf(text, type) {
  if (text === "" || text === undefined || text === null) {
    return undefined;
  }
  if (isJson(type)) {
    try {
      return short(JSON.parse(text));
    } catch {
      /* wrong on purpose: as it is */
    }
  }
  const all = text.split("\n");
  return all.length > LINES ? [...all.slice(0, MOST_ITEMS), MORE].join("\n") : text;
}

const FIXED = /^0193[0-9a-f]{4}-0000-7000-8000-/; /* ids that are in every database */
const pad = (n, width) => String(n).padStart(width, "0");
const CHANGING = [
  {
    what: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g,
    to: (n, found) => (FIXED.test(found) ? found : `019aa000-0000-7000-8000-${pad(n, 12)}`),
  },
  { what: /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, to: (n) => `2026-11-22T14:05:${pad(n % 60, 2)}.123456Z` },
  { what: /"[0-9a-f]{8,16}(-[0-9a-f]{1,8})?(-gzip)?"/g, to: () => '"07a926c76aa67df9"' },
  { what: /\balees_key_[A-Za-z0-9_-]{6}(?![A-Za-z0-9_-])/g, to: () => "alees_key_EXAMPL" },
  { what: /\balees_[A-Za-z0-9_-]{40,}/g, to: (n) => `alees_${"EXAMPLE".repeat(6)}${n}` },
  { what: /(?<=cursor=)[A-Za-z0-9_.~%-]+/g, to: (n) => `EXAMPLE${n}` },
];

class Replaced {
  #seen = CHANGING.map(() => new Map());

  constructor(others) {
    this.others = others; /* [what, by what], as the address of the server */
  }

  text(text) {
    for (const [what, by] of this.others) {
      text = text.replaceAll(what, by);
    }
    CHANGING.forEach(({ what, to }, i) => {
      const seen = this.#seen[i];
      text = text.replace(what, (found) => {
        if (!seen.has(found)) {
          seen.set(found, to(seen.size + 1, found));
        }
        return seen.get(found);
      });
    });
    return text;
  }

  value(value) {
    if (typeof value === "string") {
      return this.text(value);
    }
    if (Array.isArray(value)) {
      return value.map((item) => this.value(item));
    }
    const members = (object) => Object.entries(object).map(([name, member]) => [this.text(name), this.value(member)]);
    return isObject(value) ? Object.fromEntries(members(value)) : value;
  }
}

const headerOf = (headers, name) => headers.find(([n]) => n.toLowerCase() === name.toLowerCase())?.[1];

function kept(headers, names) {
  const found = names.map((name) => [name, headerOf(headers, name)]);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined && value !== "*/*"));
}

/** x: as judge.mjs has it. others: what else is replaced, [[text, by what]]. */
export function example(operation, x, others) {
  return new Replaced(others).value({
    operationId: operation.id,
    method: x.method,
    path: x.path,
    status: x.status,
    request: { headers: kept(x.request.headers, KEPT.request), body: bodyOf(x.request.body, headerOf(x.request.headers, "Content-Type")) },
    response: { headers: kept(x.headers, KEPT.response), body: bodyOf(x.body, headerOf(x.headers, "Content-Type")) },
  });
}
