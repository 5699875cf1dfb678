// SPDX-License-Identifier: MIT
// server.mjs - requests to the server under test, as exchanges that judge.mjs reads; and as curl lines.
import http from "node:http";

const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
const PATIENCE_MS = 90000;

// headers: a list of pairs. The path goes as it is: no library mends it.
export function send(base, { method, path, headers, body }) {
  const url = new URL(base);
  const payload = body === null ? null : Buffer.from(body, "utf8");
  return new Promise((resolve, reject) => {
    const all = payload ? [...headers, ["Content-Length", String(payload.length)]] : headers;
    const request = http.request(
      { agent, host: url.hostname, port: url.port, method, path, headers: ["Host", url.host, ...all.flat()], timeout: PATIENCE_MS },
      (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          const raw = answer.rawHeaders;
          const received = [];
          for (let i = 0; i < raw.length; i += 2) {
            received.push([raw[i], raw[i + 1]]);
          }
          const text = Buffer.concat(parts).toString("utf8");
          resolve({ method, path, status: answer.statusCode, headers: received, body: text, request: { headers, body } });
        });
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", reject);
    request.end(payload);
  });
}

const quote = (text) =>
  /[\x00-\x1f\x7f]/.test(text)
    ? `$'${text.replace(/[\\']/g, "\\$&").replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)}'`
    : `'${text.replace(/'/g, "'\\''")}'`;

export function curl({ method, path, headers, body }) {
  const shown = headers.map(([n, v]) => (n === "Authorization" ? ` -H "Authorization: Bearer $token"` : ` -H ${quote(`${n}: ${v}`)}`));
  const data = body === null ? "" : ` --data-binary ${quote(body.length > 4000 ? `${body.slice(0, 4000)}... (${body.length} characters)` : body)}`;
  return `curl -sS --path-as-is -g -X ${method} "$BASE_URL"${quote(path)}${shown.join("")}${data}`;
}
