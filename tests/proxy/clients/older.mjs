// The official TypeScript SDK of the first generation through a proxy, over HTTP+SSE.
//
// Reads what newer.mjs reads.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';

import { checkNotes, checkStreaming, checkWrongToken, fetchSeen } from './checks.mjs';

async function connect(address, token, use) {
    const client = new Client({ name: 'proxy', version: '1.0.0' });
    const transport = new SSEClientTransport(new URL('/sse', address), {
        fetch: fetchSeen,
        requestInit: { headers: { Authorization: `Bearer ${token}` } },
    });
    await client.connect(transport);
    try {
        await use({
            listTools: () => client.listTools(),
            call: (name, args, onprogress) => client.callTool({ name, arguments: args }, undefined, { onprogress }),
        });
    } finally {
        await client.close();
    }
}

await checkWrongToken(connect);
await checkNotes(connect, 'typescript-sse.md');
await checkStreaming(connect);
console.log('typescript sse ok');
