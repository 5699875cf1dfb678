// SPDX-License-Identifier: MIT
// examples.mjs - exchanges that took place, as docs/examples.json keeps them: one of an operation and status, short, and the
// same in every run. What is another one each time (ids, times, tokens, versions, cursors) is replaced by what looks the same,
// in the order in which it appears in the exchange; what is equal stays equal.
const LINES = 40; /* of a body, at most */
const ITEMS = 3; /* of a list of plain values */
const KEPT_REQUEST = ["Accept", "Content-Type", "If-Match", "If-None-Match", "Prefer", "Idempotency-Key"];
const KEPT_RESPONSE = ["Allow", "Content-Disposition", "ETag", "Link", "Location", "Preference-Applied", "Retry-After", "WWW-Authenticate"];

const lines = (value) => JSON.stringify(value, null, 2).split("\n").length;
const isObject = (value) => typeof value === "object" && value !== null;

// Lists have their first items; what lies deeper than depth is left empty.
function shortened(value, depth) {
  if (Array.isArray(value)) {
    return depth > 0 ? value.slice(0, value.some(isObject) ? 1 : ITEMS).map((item) => shortened(item, depth - 1)) : [];
  }
  if (isObject(value)) {
    const members = depth > 0 ? Object.entries(value) : [];
    return Object.fromEntries(members.map(([name, member]) => [name, shortened(member, depth - 1)]));
  }
  return value;
}

function short(value) {
  for (let depth = 9; depth > 1; depth--) {
    const result = shortened(value, depth);
    if (lines(result) <= LINES) {
      return result;
    }
  }
  return isObject(value) ? Object.fromEntries(Object.entries(shortened(value, 1)).slice(0, LINES - 2)) : value;
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
  return text.split("\n").slice(0, ITEMS).join("\n");
}

const FIXED = /^0193[0-9a-f]{4}-0000-7000-8000-/; /* ids that are in every database */
const pad = (n, width) => String(n).padStart(width, "0");
const CHANGING = [
  {
    what: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g,
    to: (n, found) => (FIXED.test(found) ? found : `019aa000-0000-7000-8000-${pad(n, 12)}`),
  },
  { what: /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, to: (n) => `2026-11-22T14:05:${pad(n % 60, 2)}.123456Z` },
  { what: /\balees_[A-Za-z0-9_-]{20,}/g, to: (n) => `alees_${"EXAMPLE".repeat(6)}${n}` },
  { what: /\b(?<=cursor=)[A-Za-z0-9_.~%-]+/g, to: (n) => `EXAMPLE${n}` },
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
    return value === undefined ? undefined : JSON.parse(this.text(JSON.stringify(value)));
  }
}

function kept(headers, names) {
  const found = names.map((name) => [name, headers.find(([n]) => n.toLowerCase() === name.toLowerCase())?.[1]]);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

const headerOf = (headers, name) => headers.find(([n]) => n.toLowerCase() === name)?.[1];

/** x: as judge.mjs has it. others: what else is replaced, [[text, by what]]. */
export function example(operation, x, others) {
  const request = { target: x.path, headers: kept(x.request.headers, KEPT_REQUEST) };
  const response = { headers: kept(x.headers, KEPT_RESPONSE) };
  const sent = headerOf(x.request.headers, "content-type");
  const type = headerOf(x.headers, "content-type");
  request.body = bodyOf(x.request.body, sent);
  if (type) {
    response.content_type = type.split(";")[0];
  }
  response.body = bodyOf(x.body, type);
  return new Replaced(others).value({
    operation: operation.id,
    method: x.method,
    path: operation.path,
    status: x.status,
    request,
    response,
  });
}
