// The official TypeScript SDK against the real program, over every transport it has and both eras of the protocol.
//
// Reads HOLDALL_BIN (the program), HOLDALL_NOTES (a folder of notes, copied for each run) and
// HOLDALL_INTEROP_EXPECTED (what is asked and what must come of it).
// Exits with 1 if any combination fails, after all were tried.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const PROGRAM = process.env.HOLDALL_BIN;
const NOTES = process.env.HOLDALL_NOTES;
const EXPECTED = JSON.parse(await readFile(process.env.HOLDALL_INTEROP_EXPECTED, 'utf8'));

// What the client is told to negotiate, and what must come of it.
const ERAS = { '2026-07-28': 'auto', '2025-11-25': 'legacy' };

// Bounds of everything that waits.
const CALL_MS_MAX = 30_000;
const START_MS_MAX = 30_000;
const INDEX_MS_MAX = 120_000;
const STOP_MS_MAX = 15_000;
const POLL_MS = 50;

/** The program's arguments for a folder with `notes` and `data` in it. */
function programArguments(folder) {
    return ['serve', 'notes', '--notes', path.join(folder, 'notes'), '--data-dir', path.join(folder, 'data')];
}

/** Whatever a promise gives, or an error that says what took too long. */
async function within(milliseconds, what, promise) {
    const late = new AbortController();
    const tooLate = pause(milliseconds, undefined, { signal: late.signal }).then(() => {
        throw new Error(`${what} took longer than ${milliseconds} ms`);
    });
    try {
        return await Promise.race([promise, tooLate]);
    } finally {
        late.abort();
        tooLate.catch(() => {});
    }
}

/** A client of the program over its standard input and output, which starts it. */
async function overStdio(folder, log, use) {
    const transport = new StdioClientTransport({
        command: PROGRAM,
        args: programArguments(folder),
        stderr: 'pipe',
    });
    transport.stderr.on('data', (data) => log.push(data));
    await use(transport);
}

/** A client of the program that serves on a free port, and is stopped as a service manager would. */
async function served(folder, log, connect, use) {
    const server = spawn(PROGRAM, [...programArguments(folder), '--http', '127.0.0.1:0'], {
        stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(server, 'exit');
    try {
        const announced = new Promise((resolve, reject) => {
            const lines = createInterface(server.stderr);
            lines.on('line', (line) => {
                log.push(`${line}\n`);
                const address = /http:\/\/127\.0\.0\.1:\d+\/mcp/.exec(line)?.[0];
                if (address) resolve(address);
            });
            lines.on('close', () => reject(new Error('the program did not say which address it listens on')));
        });
        const address = await within(START_MS_MAX, 'the start of the program', announced);
        await use(connect(address));
        server.kill('SIGTERM');
        const [code] = await within(STOP_MS_MAX, 'the end of the program', ended);
        assert.equal(code, 0, `the program ended with code ${code} when asked to stop`);
    } finally {
        server.kill('SIGKILL');
    }
}

/** A client over Streamable HTTP. */
function overHttp(folder, log, use) {
    return served(folder, log, (address) => new StreamableHTTPClientTransport(new URL(address)), use);
}

/** A client over the transport of the older releases. */
function overSse(folder, log, use) {
    return served(folder, log, (address) => new SSEClientTransport(new URL('/sse', address)), use);
}

// The newer era has left HTTP+SSE behind.
const TRANSPORTS = {
    stdio: [overStdio, Object.keys(ERAS)],
    http: [overHttp, Object.keys(ERAS)],
    sse: [overSse, ['2025-11-25']],
};

/** The text of a tool's result. */
function text(result) {
    return result.content.filter(({ type }) => type === 'text').map((content) => content.text).join('\n');
}

/** Calls a tool that must succeed. */
async function call(client, name, args) {
    const result = await client.callTool({ name, arguments: args }, { timeout: CALL_MS_MAX });
    assert.ok(!result.isError, `${name} ${JSON.stringify(args)}: ${text(result)}`);
    return result;
}

async function checkSearch(client) {
    const { query, path: expected } = EXPECTED.search;
    const deadline = Date.now() + INDEX_MS_MAX;
    for (;;) {
        const { structuredContent } = await call(client, 'search_notes', { query, limit: 5 });
        const { legs, hits } = structuredContent;
        if (legs.dense && legs.passages > 0 && legs.passages === legs.embedded) {
            const paths = hits.map((hit) => hit.path);
            assert.ok(paths.includes(expected), `no ${expected} in ${paths}`);
            return;
        }
        assert.ok(Date.now() < deadline, `not indexed within ${INDEX_MS_MAX} ms: ${JSON.stringify(legs)}`);
        await pause(POLL_MS);
    }
}

async function checkListings(client) {
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    for (const name of EXPECTED.tools) assert.ok(names.includes(name), `no ${name} in ${names}`);
    for (const tool of tools) {
        assert.ok(tool.description, tool.name);
        assert.equal(tool.inputSchema.type, 'object', tool.name);
    }
    const { resources } = await client.listResources();
    assert.ok(resources.some(({ uri }) => uri === EXPECTED.note.uri), `no ${EXPECTED.note.uri}`);
    const { resourceTemplates } = await client.listResourceTemplates();
    const prefix = EXPECTED.template_prefix;
    assert.ok(resourceTemplates.some(({ uriTemplate }) => uriTemplate.startsWith(prefix)), `no ${prefix}`);
    // A server without prompts does not declare them, and clients do not ask.
    if (client.getServerCapabilities().prompts) {
        assert.ok((await client.listPrompts()).prompts.length > 0, 'prompts are declared but there are none');
    }
}

async function checkNotes(client, folder) {
    const { note, created } = EXPECTED;
    assert.ok(text(await call(client, 'read_note', { path: note.path })).includes(note.sentence));

    await call(client, 'create_note', created);
    const read = text(await call(client, 'read_note', { path: created.path }));
    assert.ok(read.includes(created.content.trim()), read);
    assert.equal(await readFile(path.join(folder, 'notes', created.path), 'utf8'), created.content);

    const { contents } = await client.readResource({ uri: note.uri });
    assert.equal(contents[0].text, await readFile(path.join(folder, 'notes', note.path), 'utf8'));
}

async function checkWrongArguments(client) {
    const { arguments: args, problems } = EXPECTED.wrong;
    const result = await client.callTool({ name: 'search_notes', arguments: args });
    assert.ok(result.isError, 'wrong arguments were accepted');
    for (const problem of problems) {
        assert.ok(text(result).includes(problem), `the reply does not mention ${problem}: ${text(result)}`);
    }
}

/** Everything a host does with a server. */
async function check(transport, era, folder) {
    const client = new Client(
        { name: 'interop', version: '1.0.0' },
        { versionNegotiation: { mode: ERAS[era] } },
    );
    const complaints = [];
    client.onerror = (error) => complaints.push(error);
    await client.connect(transport, { timeout: CALL_MS_MAX });
    try {
        assert.equal(client.getNegotiatedProtocolVersion(), era);
        assert.ok(client.getServerVersion()?.name, 'the server does not say its name');
        await checkSearch(client);
        await checkListings(client);
        await checkNotes(client, folder);
        await checkWrongArguments(client);
        await transport.terminateSession?.();
    } finally {
        await client.close();
    }
    assert.deepEqual(complaints, [], 'the SDK complained');
}

let failures = 0;
for (const [name, [over, eras]] of Object.entries(TRANSPORTS)) {
    for (const era of eras) {
        const started = Date.now();
        const log = [];
        const folder = await mkdtemp(path.join(tmpdir(), 'holdall-interop-'));
        let outcome = 'ok';
        try {
            await cp(NOTES, path.join(folder, 'notes'), { recursive: true });
            await over(folder, log, (transport) => check(transport, era, folder));
        } catch (error) {
            failures += 1;
            outcome = 'FAILED';
            console.error(error);
            console.error(`the program's log:\n${log.join('')}`);
        } finally {
            await rm(folder, { recursive: true, force: true });
        }
        console.log(`typescript ${name.padEnd(5)} ${era} ${outcome} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    }
}
process.exitCode = failures ? 1 : 0;
