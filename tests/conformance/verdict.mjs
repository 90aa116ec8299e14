// Reads what the conformance suite wrote.
//
// node verdict.mjs scenarios DIR          the scenarios of one run
// node verdict.mjs judge DIR RUN=COUNT…   counts checks; fails if one failed, or if a run has not COUNT scenarios

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [command, folder, ...runs] = process.argv.slice(2);

// `server-SCENARIO-TIMESTAMP`.
const scenarioOf = (name) => name.replace(/^server-/, '').replace(/-\d{4}-\d{2}-\d{2}T.*$/, '');
const read = (run) =>
    readdirSync(run).map((name) => ({
        scenario: scenarioOf(name),
        checks: JSON.parse(readFileSync(join(run, name, 'checks.json'), 'utf8')),
    }));

if (command === 'scenarios') {
    console.log(read(folder).map(({ scenario }) => scenario).join('\n'));
} else {
    let wrong = false;
    for (const [run, count] of runs.map((run) => run.split('='))) {
        const scenarios = read(join(folder, run));
        const checks = scenarios.flatMap(({ scenario, checks }) => checks.map((check) => ({ scenario, ...check })));
        const counts = {};
        for (const { status } of checks) counts[status] = (counts[status] ?? 0) + 1;
        console.log(`${run}: ${scenarios.length} scenarios, ${JSON.stringify(counts)}`);
        for (const { scenario, id, status, errorMessage } of checks) {
            if (status === 'FAILURE' || status === 'WARNING') {
                console.log(`  ${status} ${scenario} ${id}: ${errorMessage ?? ''}`);
            }
            wrong ||= status === 'FAILURE';
        }
        if (scenarios.length !== Number(count)) {
            console.log(`  expected ${count} scenarios`);
            wrong = true;
        }
    }
    process.exit(wrong ? 1 : 0);
}
