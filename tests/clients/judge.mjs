// SPDX-License-Identifier: MIT
// judge.mjs - one exchange held against the description: was this status, this type, this body, each of these headers
// promised? And was a request that the server took one that the description allows?
//
// An exchange: { method, path, status, headers: [[name, value]], body, request: { headers, body } }; path has its query;
// a body is text, null if there is none, and undefined if it is not known.
import { parameterFaults, parameterFor } from "./description.mjs";

// What answers have whatever they are about, and what guards the pages of /docs in a browser: they are no part of what an
// operation answers.
const COMMON_HEADERS = new Set(
  (
    "date content-type content-length connection transfer-encoding content-encoding cache-control vary server-timing " +
    "x-content-type-options x-request-id keep-alive access-control-allow-origin " +
    "access-control-expose-headers access-control-allow-methods access-control-allow-headers access-control-max-age " +
    "content-security-policy referrer-policy x-frame-options cross-origin-opener-policy cross-origin-embedder-policy " +
    "cross-origin-resource-policy"
  ).split(" "),
);
// A request may be refused before it is looked at which operation it is for.
const BEFORE_ROUTING = new Set([400, 413, 414, 415, 431, 503]);
// Is an unknown parameter refused? /healthz and its kin, which have none, take no notice of any.
const isStrict = (operation) => operation.path.startsWith("/api/") || operation.parameters.some((p) => p.in === "query");

export const headerOf = (headers, name) => headers.find(([n]) => n.toLowerCase() === name)?.[1];
const essence = (type) => type.split(";")[0].trim().toLowerCase();

function contentOf(content, type) {
  return Object.keys(content).find((t) => t === type) ?? Object.keys(content).find((t) => essence(t) === essence(type));
}

function parse(text) {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

const pointerOf = (place, ...names) => [place, ...names.map((n) => n.replace(/~/g, "~0").replace(/\//g, "~1"))].join("/");

// ---- answers ----

function judgeProblem(description, x, say) {
  const type = headerOf(x.headers, "content-type");
  if (x.method === "HEAD" || x.body === undefined) {
    return;
  }
  if (!type || essence(type) !== "application/problem+json") {
    say(`${type ?? "no content type"} where a problem must be`);
    return;
  }
  const parsed = parse(x.body);
  const faults = parsed ? description.problemFaults(parsed.value) : "is no JSON";
  if (faults) {
    say(`problem: ${faults}`);
  }
  if (parsed && parsed.value.status !== x.status) {
    say("the problem names another status");
  }
}

function judgeAllow(x, methods, say) {
  const told = (headerOf(x.headers, "allow") ?? "").split(", ").filter((m) => m !== "HEAD" && m !== "OPTIONS");
  const described = methods.map((m) => m.toUpperCase());
  if (told.sort().join() !== described.sort().join()) {
    say(`Allow says ${told.join(", ") || "nothing"}, described are ${described.join(", ")}`);
  }
}

function judgeWithoutOperation(description, x, where, say) {
  if (x.method === "OPTIONS" && where.path && x.status === 204) {
    judgeAllow(x, where.methods, say);
  } else if (where.path && x.status === 405) {
    judgeAllow(x, where.methods, say);
    judgeProblem(description, x, say);
  } else if (x.status === 404 || BEFORE_ROUTING.has(x.status)) {
    judgeProblem(description, x, say);
    if (where.path && x.status === 404) {
      say("is served by no method, but described");
    }
  } else {
    say(where.path ? `the method ${x.method} is not described` : "is not a described path");
  }
}

function judgeHeaders(description, x, response, say) {
  const described = response.value.headers ?? {};
  const names = new Set(Object.keys(described).map((n) => n.toLowerCase()));
  for (const [name] of x.headers) {
    if (!COMMON_HEADERS.has(name.toLowerCase()) && !names.has(name.toLowerCase())) {
      say(`the header ${name} is not described`);
    }
  }
  for (const [name, header] of Object.entries(described)) {
    const { value, at } = description.resolve(header, pointerOf(`${response.at}/headers`, name));
    const sent = headerOf(x.headers, name.toLowerCase());
    if (sent === undefined) {
      if (value.required) {
        say(`the header ${name} is missing`);
      }
    } else {
      const faults = parameterFaults(description, { ...value, at }, sent);
      if (faults) {
        say(`the header ${name}: ${faults}`);
      }
    }
  }
}

function judgeBody(description, x, response, say) {
  const type = headerOf(x.headers, "content-type");
  const content = response.value.content;
  if (!content) {
    if (x.body || (type && x.body !== null && x.method !== "HEAD")) {
      say(`a body (${type ?? "no type"}) is not described`);
    }
    return;
  }
  const isMinimal = /return=minimal/.test(headerOf(x.headers, "preference-applied") ?? "");
  if (!type) {
    if (!isMinimal) {
      say("the described body is missing");
    }
    return;
  }
  const key = contentOf(content, type);
  if (!key) {
    say(`the content type ${type} is not described`);
  } else if (x.body && /\bjson\b/.test(key) && !/ndjson/.test(key)) {
    const parsed = parse(x.body);
    const faults = parsed ? description.faults(pointerOf(`${response.at}/content`, key, "schema"), parsed.value) : "no JSON";
    if (faults) {
      say(`body: ${faults}`);
    }
  } else if (x.body === "" && x.method !== "HEAD" && /\bjson\b/.test(key) && !/ndjson/.test(key)) {
    say("an empty body where one is described");
  }
}

// ---- requests that were taken ----

function judgeQuery(description, x, operation, say) {
  const query = x.path.includes("?") ? x.path.slice(x.path.indexOf("?") + 1) : "";
  const given = new URLSearchParams(query);
  const names = [...given.keys()];
  if (new Set(names).size < names.length && isStrict(operation)) {
    say("took a parameter twice");
  }
  for (const [name, text] of given) {
    const parameter = parameterFor(operation, name);
    if (!parameter && !isStrict(operation)) {
      continue;
    }
    if (!parameter) {
      say(`took the parameter ${name.replace(/__.*/, "__..")}, which is not described`);
      continue;
    }
    if (parameter.schema?.type === "object") {
      continue;
    }
    const faults = parameterFaults(description, parameter, text);
    if (faults) {
      say(`took ${name} with a value that is not described: ${faults}`);
    }
  }
  for (const p of operation.parameters) {
    if (p.in === "query" && p.required && !given.has(p.name)) {
      say(`did without ${p.name}, which is described as required`);
    }
  }
}

// Members that are for answers. Sent back by a PUT, those that the server computes are passed over, whatever they hold.
function readOnlyOf(description, body, type) {
  const { value: schema } = description.resolve(body.value.content[type].schema, "");
  const members = Object.entries(schema.properties ?? {});
  return new Set(members.filter(([, m]) => m.readOnly).map(([name]) => name));
}

function judgeRequestBody(description, x, operation, say) {
  const { body: text, headers } = x.request;
  const described = operation.body;
  if (text === undefined) {
    return;
  }
  if (!text) {
    if (described?.value.required && x.method !== "HEAD") {
      say("did without a body, which is described as required");
    }
    return;
  }
  if (!described) {
    return; /* it is ignored, as HTTP has it */
  }
  const type = headerOf(headers, "content-type") ?? "";
  const key = contentOf(described.value.content, type);
  if (!key) {
    say(`took a body of type ${type}, which is not described`);
  } else if (/\bjson\b/.test(key) && !/ndjson/.test(key)) {
    const parsed = parse(text);
    const faults = parsed
      ? description.faults(pointerOf(`${described.at}/content`, key, "schema"), parsed.value, readOnlyOf(description, described, key))
      : "is no JSON";
    /* An upsert of a row that is there is a change, which need not send what a create must: on_conflict tells so. */
    const isUpsert = /[?&]on_conflict=/.test(x.path) && /required property/.test(faults);
    if (faults && !isUpsert) {
      say(`took a body that is not described: ${faults}`);
    }
  }
}

function judgeRequestHeaders(description, x, operation, say) {
  for (const p of operation.parameters) {
    const sent = p.in === "header" ? headerOf(x.request.headers, p.name.toLowerCase()) : undefined;
    const faults = sent === undefined ? "" : parameterFaults(description, p, sent);
    if (faults) {
      say(`the header ${p.name}: ${faults}`);
    }
  }
}

function judgeRequest(description, x, where, say) {
  for (const p of where.operation.parameters) {
    if (p.in === "path") {
      const faults = parameterFaults(description, p, where.values[p.name]);
      if (faults) {
        say(`took ${p.name} in the path, which is not described so: ${faults}`);
      }
    }
  }
  judgeQuery(description, x, where.operation, say);
  judgeRequestBody(description, x, where.operation, say);
}

// What is wrong with a request by the description; an empty list: it is right.
export function requestFaults(description, x) {
  const where = description.find(x.method, x.path.split("?")[0]);
  const faults = [];
  if (where.operation) {
    judgeRequest(description, x, where, (what) => faults.push(what));
    judgeRequestHeaders(description, x, where.operation, (what) => faults.push(what)); /* no harm if one is taken */
  }
  return faults;
}

// A list of { operation, status, what }.
export function judge(description, x) {
  const where = description.find(x.method, x.path.split("?")[0]);
  const findings = [];
  const name = where.operation?.id ?? `${x.method} ${where.path ?? "(outside)"}`;
  const say = (what) => findings.push({ operation: name, status: x.status, what });
  if (!where.operation) {
    judgeWithoutOperation(description, x, where, say);
    return findings;
  }
  const response = where.operation.responses[x.status] ?? where.operation.responses.default;
  if (x.method === "HEAD" && x.body) {
    say("an answer to HEAD has a body");
  }
  if (!response) {
    say("the status is not described");
  } else {
    judgeHeaders(description, x, response, say);
    judgeBody(description, x, response, say);
  }
  if (x.status >= 200 && x.status < 300 && x.request) {
    judgeRequest(description, x, where, say);
  }
  return findings;
}
