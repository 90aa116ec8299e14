// What a client must be able to do through a proxy, whatever its transport.
//
// `connect(address, token, use)` opens a connection and gives `use` a way to list tools and to call them.

import assert from 'node:assert/strict';

const { PROXY_NOTES: NOTES, PROXY_WAITING: WAITING, PROXY_TOKEN: TOKEN } = process.env;

// SDKs wrap what they are told in errors of their own, so what the wire said is kept here.
const statuses = [];

/** `fetch`, for clients whose replies are to be looked at. */
export async function fetchSeen(...request) {
    const response = await fetch(...request);
    statuses.push(response.status);
    return response;
}

/** Whoever has no token that is known is told 401, whatever it asks. */
export async function checkWrongToken(connect) {
    statuses.length = 0;
    const outcome = await connect(NOTES, `${TOKEN}x`, () => {}).then(() => 'connected', () => 'refused');
    assert.equal(outcome, 'refused');
    assert.deepEqual([...new Set(statuses)], [401]);
}

/** Tools are listed and called; what they write is read again. */
export async function checkNotes(connect, path) {
    await connect(NOTES, TOKEN, async ({ listTools, call }) => {
        const { tools } = await listTools();
        assert.ok(tools.some(({ name }) => name === 'search_notes'), 'no search_notes');
        const content = `# Through a proxy\n\n${path}\n`;
        const created = await call('create_note', { path, content });
        assert.ok(!created.isError, JSON.stringify(created));
        const read = await call('read_note', { path });
        assert.ok(JSON.stringify(read.content).includes(path), JSON.stringify(read));
    });
}

/** A call waits until another is made, which is made when the first tells how far it is: it ends only if that arrives. */
export async function checkStreaming(connect) {
    await connect(WAITING, TOKEN, async ({ call }) => {
        const events = [];
        let letGo;
        const result = await call('report_and_wait', {}, ({ progress }) => {
            events.push(progress);
            letGo ??= call('let_go', {});
        });
        await letGo;
        assert.equal(result.content[0].text, 'let go');
        assert.equal(events[0], 1, `the first thing heard: ${events}`);
    });
}
