// SPDX-License-Identifier: MIT
// fuzz_exceptions.mjs - requests that are right by the description and are yet refused as not understood, each with the
// reason why OpenAPI cannot say it. Anything else of the kind is a finding.
import { parameterFor } from "./description.mjs";
import { headerOf } from "./judge.mjs";

const has = (x, name) => new RegExp(`[?&]${name}=`).test(x.path);
const isLines = (x) => /csv|ndjson/.test(headerOf(x.request.headers, "content-type") ?? "");
const isExport = (x) => /csv|ndjson/.test(headerOf(x.request.headers, "accept") ?? "");
const wordsOf = (problem) => [problem.detail, ...(problem.errors ?? []).map((e) => `${e.pointer} ${e.detail}`)].join("\n");

const EXCEPTIONS = [
  {
    name: "Accept names nothing that is offered: it is no parameter in OpenAPI",
    is: (x, p) => p.code === "not_acceptable" && headerOf(x.request.headers, "accept"),
  },
  {
    name: "JSON that JSON.parse reads and RFC 7493 does not allow: lone surrogates, names twice, numbers that a double cannot hold",
    is: (x, p) => p.code === "malformed_json",
  },
  {
    name: "text that is not allowed anywhere: U+0000 and its kind",
    is: (x, p, words) => /without NUL|valid UTF-8/.test(words),
  },
  {
    name: "the same within a parameter",
    is: (x, p, words) => p.code === "bad_parameter" && /must be a JSON object;/.test(words) && /=%7B/.test(x.path),
  },
  { name: "a cursor is one that the server gave", is: (x, p) => p.code === "invalid_cursor" && has(x, "cursor") },
  {
    name: "the largest page is a setting of the server",
    is: (x, p, words) => has(x, "page_size") && /must be a whole number from 1 to \d+/.test(words),
  },
  {
    name: "page and cursor exclude each other, and the first page is the 10,000th row's at most",
    is: (x, p, words) => has(x, "page") && /cursor|10,000|page/.test(words) && p.code === "bad_parameter",
  },
  {
    name: "a change of many rows takes one filter at least, and no page",
    is: (x, p, words) => /Choose the rows with at least one filter/.test(words),
  },
  {
    name: "parameters that belong to another one: below to organization",
    is: (x, p, words) => has(x, "below") && !has(x, "organization") && p.code === "bad_parameter",
  },
  {
    name: "what is expanded must be shown, and is not sent twice in two words",
    is: (x, p, words) => has(x, "expand") && /which fields leaves out|twice/.test(words),
  },
  {
    name: "fields that only deleted rows have",
    is: (x, p, words) => has(x, "fields") && /names a field of deleted rows/.test(words),
  },
  {
    name: "what counts as a word, and how many there are",
    is: (x, p, words) => has(x, "search") && /must have/.test(words),
  },
  {
    name: "many deleted rows can only be deleted for good",
    is: (x, p, words) => has(x, "deleted") && /permanent=true/.test(words),
  },
  {
    name: "bounds of decimals that are sent as texts",
    is: (x, p, words) => /too_(large|small)/.test(JSON.stringify(p)),
  },
  {
    name: "ordering: one field in both ways, and none behind the id",
    is: (x, p, words) => has(x, "ordering") && /twice|behind "id"|too many keys/.test(words),
  },
  {
    name: "CSV has no expand, an export no page",
    is: (x, p, words) => isExport(x) && /bad_parameter|unknown_parameter/.test(p.code) && /expand|page|cursor|count/.test(words),
  },
  {
    name: "filter= is JSON whose members are the filters of the list",
    is: (x, p, words) => has(x, "filter") && /filter|parameter|members|object/.test(words),
  },
  {
    name: "members of JSON that a filter cannot name, and values of another type",
    is: (x, p, words, operation) =>
      [...new URLSearchParams(x.path.split("?")[1])].some(([n]) => parameterFor(operation, n)?.schema?.patternProperties),
  },
  {
    name: "dry_run and organization are of imports alone, on_conflict of creating",
    is: (x, p, words) => !isLines(x) && p.code === "unknown_parameter" && (has(x, "dry_run") || has(x, "organization")),
  },
  {
    name: "lines of an import: their columns and values",
    is: (x) => isLines(x),
  },
  {
    name: "what cannot be written may be sent as it is, no other way",
    is: (x, p) => p.code === "read_only_field" && (x.method === "PUT" || /\[\s*\{/.test(x.request.body ?? "")), /* or in a part */
  },
  {
    name: "Prefer is obeyed where it would do harm to ignore it: tx, max-affected, or handling=strict",
    is: (x, p, words) => headerOf(x.request.headers, "prefer") && /preference|Prefer|handling/.test(words),
  },
  {
    name: "a permission that a parameter names is one of /permissions",
    is: (x, p, words) => has(x, "permission") && /no such permission/.test(words),
  },
];

export function exceptionFor(operation, x, problem) {
  const words = wordsOf(problem);
  return EXCEPTIONS.find((e) => e.is(x, problem, words, operation))?.name ?? null;
}
