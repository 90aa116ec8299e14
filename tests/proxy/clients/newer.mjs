// The official TypeScript SDK through a proxy, over Streamable HTTP, in both eras of the protocol.
//
// Reads PROXY_NOTES (the address of the program, as the proxy has it), PROXY_WAITING (that of the server whose calls
// wait for another), PROXY_TOKEN. Trusts what NODE_EXTRA_CA_CERTS says.

import assert from 'node:assert/strict';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import { checkNotes, checkStreaming, checkWrongToken, fetchSeen } from './checks.mjs';

const ERAS = { '2026-07-28': 'auto', '2025-11-25': 'legacy' };

async function connected(address, token, era, use) {
    const client = new Client({ name: 'proxy', version: '1.0.0' }, { versionNegotiation: { mode: ERAS[era] } });
    const transport = new StreamableHTTPClientTransport(new URL('/mcp', address), {
        fetch: fetchSeen,
        requestInit: { headers: { Authorization: `Bearer ${token}` } },
    });
    await client.connect(transport);
    try {
        assert.equal(client.getNegotiatedProtocolVersion(), era);
        await use({
            listTools: () => client.listTools(),
            call: (name, args, onprogress) => client.callTool({ name, arguments: args }, { onprogress }),
        });
        await transport.terminateSession?.();
    } finally {
        await client.close();
    }
}

for (const era of Object.keys(ERAS)) {
    const connect = (address, token, use) => connected(address, token, era, use);
    await checkWrongToken(connect);
    await checkNotes(connect, `typescript-${era}.md`);
    await checkStreaming(connect);
    console.log(`typescript streamable ${era} ok`);
}
