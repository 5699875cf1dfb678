// SPDX-License-Identifier: MIT
// fuzz_exceptions.mjs - requests that are right by the description and are yet refused as not understood, each with the
// reason why the description cannot say it. Anything else of the kind is a finding.
const has = (x, name) => new RegExp(`[?&]${name}=`).test(x.path);
const says = (problem, pattern) => pattern.test(`${problem.detail} ${(problem.errors ?? []).map((e) => `${e.pointer} ${e.detail}`).join(" ")}`);

const EXCEPTIONS = [
  { name: "a cursor is one that the server gave", is: (x, p) => p.code === "invalid_cursor" },
];

export function exceptionFor(operation, x, problem) {
  return EXCEPTIONS.find((e) => e.is(x, problem, operation))?.name ?? null;
}
