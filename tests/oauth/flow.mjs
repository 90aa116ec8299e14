// Access tokens of a real authorization server (oidc-provider), from the first 401 to the last refusal.
//
//   node flow.mjs SERVER_BINARY FOLDER_OF_NODE_MODULES

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { createInterface } from "node:readline";

const [binary, modules] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

const PUBLIC_URL = "https://notes.test";
const SCOPES = ["notes:read", "notes:write"];
const secrets = { robot: randomBytes(16).toString("hex"), "notes-server": randomBytes(16).toString("hex") };
// How the authorization server makes the next token.
const next = { format: "jwt", algorithm: "RS256", ttl: 600 };

// --- the authorization server ---

function key(type, options, algorithm) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: "jwk" }), alg: algorithm, use: "sig", kid: algorithm };
}

const listener = createServer();
listener.listen(0, "127.0.0.1");
await once(listener, "listening");
const issuer = `http://127.0.0.1:${listener.address().port}`;
const client = (client_id, grant_types) => ({
  client_id,
  client_secret: secrets[client_id],
  grant_types,
  redirect_uris: [],
  response_types: [],
});
const provider = new Provider(issuer, {
  clients: [{ ...client("robot", ["client_credentials"]), scope: SCOPES.join(" ") }, client("notes-server", [])],
  cookies: { keys: [randomBytes(16).toString("hex")] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        scope: SCOPES.join(" "),
        audience: resource,
        accessTokenTTL: next.ttl,
        accessTokenFormat: next.format,
        jwt: { sign: { alg: next.algorithm } },
      }),
    },
  },
  jwks: {
    keys: [
      key("rsa", { modulusLength: 2048 }, "RS256"),
      key("rsa", { modulusLength: 2048 }, "PS256"),
      key("ec", { namedCurve: "P-256" }, "ES256"),
      key("ed25519", {}, "EdDSA"),
    ],
  },
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
  scopes: SCOPES,
});
listener.on("request", provider.callback());

// --- the server ---

const server = spawn(
  binary,
  ["--public-url", PUBLIC_URL, "--issuer", issuer, "--client-id", "notes-server", "--client-secret", secrets["notes-server"]],
  { stdio: ["ignore", "pipe", "inherit"] },
);
process.on("exit", () => server.kill());
const [line] = await once(createInterface(server.stdout), "line");
const address = line.split(" ").at(-1);

// --- a client ---

// The server behind its public address.
const here = (url) => url.replace(PUBLIC_URL, address);

async function call(tool, token) {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "flow", version: "0" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const reply = await fetch(`${address}/mcp`, {
    method: "POST",
    headers: {
      Accept: "application/json, text/event-stream",
      "Content-Type": "application/json",
      "MCP-Protocol-Version": "2026-07-28",
      "Mcp-Method": "tools/call",
      "Mcp-Name": tool,
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: {}, _meta } }),
  });
  const challenge = Object.fromEntries(
    [...(reply.headers.get("www-authenticate") ?? "").matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  );
  const body = await reply.json();
  return { status: reply.status, challenge, message: body.message, text: body.result?.content?.[0]?.text };
}

let endpoints;
const basic = (id) => `Basic ${Buffer.from(`${id}:${secrets[id]}`).toString("base64")}`;

async function post(endpoint, form) {
  return fetch(endpoints[endpoint], {
    method: "POST",
    headers: { Authorization: basic("robot") },
    body: new URLSearchParams(form),
  });
}

async function token(scope, resource, how = {}) {
  Object.assign(next, { format: "jwt", algorithm: "RS256", ttl: 600 }, how);
  const reply = await post("token_endpoint", { grant_type: "client_credentials", scope, resource });
  const body = await reply.json();
  assert.equal(reply.status, 200, JSON.stringify(body));
  return body.access_token;
}

// --- what is shown ---

let shown = 0;
async function show(what, how) {
  await how();
  shown += 1;
  console.log(`ok  ${what}`);
}

let resource;
await show("who brings nothing is told where to get a token", async () => {
  const { status, challenge } = await call("who");
  assert.equal(status, 401);
  const metadata = await (await fetch(here(challenge.resource_metadata))).json();
  assert.deepEqual(metadata.authorization_servers, [issuer]);
  assert.deepEqual(metadata.scopes_supported, SCOPES);
  assert.equal(challenge.scope, SCOPES.join(" "));
  resource = metadata.resource;
  endpoints = await (await fetch(`${metadata.authorization_servers[0]}/.well-known/openid-configuration`)).json();
});
for (const algorithm of ["RS256", "PS256", "ES256", "EdDSA"]) {
  await show(`a token signed by ${algorithm} is taken`, async () => {
    const reply = await call("who", await token("notes:read", resource, { algorithm }));
    assert.deepEqual([reply.status, reply.text], [200, `oauth:${issuer}#robot`]);
  });
}
await show("who lacks a scope is told so, asks for more, and is let in", async () => {
  let scope = "notes:read";
  const first = await token(scope, resource);
  assert.equal((await call("read_notes", first)).text, "notes");
  const refused = await call("delete_notes", first);
  assert.equal(refused.status, 403);
  assert.equal(refused.challenge.error, "insufficient_scope");
  assert.equal(refused.challenge.scope, "notes:write");
  scope = `${scope} ${refused.challenge.scope}`;
  assert.equal((await call("delete_notes", await token(scope, resource))).text, "deleted");
});
await show("who has no scopes is told of all that are missing at once", async () => {
  const refused = await call("delete_notes", await token("", resource));
  assert.deepEqual([refused.status, refused.challenge.scope], [403, "notes:read notes:write"]);
});
await show("a token for another server is refused", async () => {
  const refused = await call("who", await token("notes:read", "https://other.test/mcp"));
  assert.deepEqual([refused.status, refused.challenge.error], [401, "invalid_token"]);
  assert.match(refused.message, /issued for another server/);
});
await show("a token that was changed is refused", async () => {
  const [header, claims, signature] = (await token("notes:read", resource)).split(".");
  const changed = JSON.parse(Buffer.from(claims, "base64url"));
  changed.scope = SCOPES.join(" ");
  const forged = [header, Buffer.from(JSON.stringify(changed)).toString("base64url"), signature].join(".");
  assert.match((await call("who", forged)).message, /signature .* is wrong/);
});
await show("a token that has expired is refused, although it was good before", async () => {
  const short = await token("notes:read", resource, { ttl: 2 });
  const { exp } = JSON.parse(Buffer.from(short.split(".")[1], "base64url"));
  let reply = await call("who", short);
  assert.ok(reply.status === 200 || Date.now() / 1000 >= exp, reply.message);
  const deadline = Date.now() + 30_000;
  while (reply.status === 200 && Date.now() < deadline) {
    reply = await call("who", short);
  }
  assert.equal(reply.status, 401);
  assert.match(reply.message, /has expired/);
});
await show("a token only the authorization server understands is asked about", async () => {
  const opaque = await token("notes:read", resource, { format: "opaque" });
  assert.ok(!opaque.includes("."));
  const reply = await call("read_notes", opaque);
  assert.deepEqual([reply.status, reply.text], [200, "notes"]);
  assert.deepEqual((await call("delete_notes", opaque)).challenge.scope, "notes:write");
  assert.equal((await post("revocation_endpoint", { token: opaque })).status, 200);
  const revoked = await call("read_notes", opaque);
  assert.equal(revoked.status, 401);
  assert.match(revoked.message, /good no longer/);
});
await show("one for another server is refused there, too", async () => {
  const opaque = await token("notes:read", "https://other.test/mcp", { format: "opaque" });
  assert.match((await call("who", opaque)).message, /issued for another server/);
});

console.log(`oauth: ${shown} of 12 shown`);
process.exit(shown === 12 ? 0 : 1);
