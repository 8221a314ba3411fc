// @ts-check
/**
 * Links as a stranger would make them. `refused`: parts that a message must name; `kept`: settings that the link leaves all the same.
 * What is wrong only for the scenario is found by the module, when the run begins: these have `byRun`.
 */

/** @typedef {{ hash: string, refused: string[], byRun?: true, kept?: object }} Hostile */

const MARKUP = '<img src=x onerror="document.title=1">';
const long = (/** @type {number} */ n, letter = 'a') => letter.repeat(n);
const enc = encodeURIComponent;
const deep = (/** @type {number} */ n) => `${'['.repeat(n)}${']'.repeat(n)}`;

/** @type {Hostile[]} */
export const HOSTILE = [
  // markup and scripts, wherever text can stand
  { hash: `lesson=${enc(MARKUP)}`, refused: ['lesson'] },
  { hash: 'lesson=javascript:alert(1)', refused: ['lesson'] },
  { hash: `lesson=${enc('"><script>document.title=1</script>')}`, refused: ['lesson'] },
  { hash: `set.policy.name=${enc(MARKUP)}`, refused: ['policy.name'], byRun: true },
  { hash: `set.policy.name=${enc('javascript:alert(1)')}`, refused: ['policy.name'], byRun: true },
  { hash: `set.${enc(MARKUP)}=1`, refused: ['set.<img'] },
  { hash: `set.a.${enc('<b>')}=1`, refused: ['set.a.<b>'] },
  { hash: `t=${enc(MARKUP)}`, refused: ['t'] },
  { hash: `seed=${enc('</script><script>')}`, refused: ['seed'] },
  { hash: `set.machine.costs=${enc(`{"${MARKUP}":1}`)}`, refused: ['machine.costs'], byRun: true },
  { hash: `set.tasks.job.program=${enc(`[{"${MARKUP}":1}]`)}`, refused: ['tasks.job.program'], byRun: true },
  { hash: `set.name=${enc(MARKUP)}`, refused: ['name'], byRun: true },
  { hash: `set.policy=${enc('{"name":"tokio","workers":"<svg onload=alert(1)>"}')}`, refused: ['policy'], byRun: true },
  // prototypes and names that mean something to JavaScript
  { hash: 'set.__proto__=1', refused: ['__proto__'] },
  { hash: 'set.__proto__.x=1', refused: ['__proto__.x'] },
  { hash: 'set.constructor.prototype.x=1', refused: ['constructor.prototype'], byRun: true },
  { hash: 'set.toString=1', refused: ['toString'], byRun: true },
  { hash: 'set.hasOwnProperty=1', refused: ['hasOwnProperty'], byRun: true },
  { hash: `set.policy=${enc('{"__proto__":{"x":1}}')}`, refused: ['policy'], byRun: true },
  { hash: 'set.valueOf.constructor=1', refused: ['valueOf'], byRun: true },
  // numbers at and beyond every edge
  { hash: 't=-1', refused: ['t'] },
  { hash: 't=1e9', refused: ['t'] },
  { hash: 't=0x10', refused: ['t'] },
  { hash: 't=1.5', refused: ['t'] },
  { hash: 't=NaN', refused: ['t'] },
  { hash: 't=Infinity', refused: ['t'] },
  { hash: 't=9007199254740992', refused: ['t'] },
  { hash: 't=99999999999999999999', refused: ['t'] },
  { hash: 't=', refused: ['t'] },
  { hash: 't=%20%201', refused: ['t'] },
  { hash: `t=${enc('１２３')}`, refused: ['t'] },
  { hash: 'sel=4294967296', refused: ['sel'] },
  { hash: 'sel=-0', refused: ['sel'] },
  { hash: 'seed=-1', refused: ['seed'] },
  { hash: 'seed=18446744073709551616', refused: ['seed'] },
  { hash: 'set.policy.workers=0', refused: ['policy.workers'], byRun: true },
  { hash: 'set.policy.workers=99999999', refused: ['policy.workers'], byRun: true },
  { hash: 'set.policy.workers=-1', refused: ['policy.workers'], byRun: true },
  { hash: 'set.policy.workers=1.5', refused: ['policy.workers'], byRun: true },
  { hash: 'set.policy.workers=1e308', refused: ['policy.workers'], byRun: true },
  { hash: 'set.a=1e999', refused: ['set.a'] },
  { hash: 'set.a=[1,-1e999]', refused: ['set.a'] },
  { hash: 'set.machine.cpus=1000000000', refused: ['machine.cpus'], byRun: true },
  { hash: 'set.tasks.job.count=4294967295', refused: ['tasks.job.count'], byRun: true },
  { hash: 'set.limits.end="99999999999999 s"', refused: ['limits.end'], byRun: true },
  { hash: 'set.limits.records=999999999999', refused: ['limits.records'], byRun: true },
  // size and depth
  { hash: `set.a=${long(9000)}`, refused: ['8000'] },
  { hash: `${long(100_000, '&')}`, refused: ['8000'] },
  { hash: `set.a=${long(2001)}`, refused: ['set.a'] },
  { hash: `set.a=${deep(9)}`, refused: ['set.a'] },
  { hash: `set.a=${deep(900)}`, refused: ['set.a'] },
  { hash: `set.${long(65)}=1`, refused: ['set.aaa'] },
  { hash: `set.${Array(60).fill('a').join('.')}=1`, refused: ['set.a.a'] },
  { hash: Array.from({ length: 80 }, (_, i) => `set.f${i}=1`).join('&'), refused: ['64'] },
  { hash: Array.from({ length: 80 }, (_, i) => `x${i}=1`).join('&'), refused: ['64'] },
  { hash: `lesson=${long(65)}`, refused: ['lesson'] },
  // damaged and ambiguous text
  { hash: 'lesson=%E0%A4', refused: ['lesson'] },
  { hash: 'set.a=%', refused: ['set.a'] },
  { hash: 't=%FF%FE', refused: ['t'] },
  { hash: 'set.=1', refused: ['set.'] },
  { hash: 'set..a=1', refused: ['set..a'] },
  { hash: 'set.a..b=1', refused: ['set.a..b'] },
  { hash: `set.a${enc('\u202E')}b=1`, refused: ['set.a'] },
  { hash: `set.a${enc('\0')}=1`, refused: ['set.a'] },
  { hash: `lesson=${enc('late-ticker\n')}`, refused: ['lesson'] },
  { hash: `lesson=${enc('../../etc/passwd')}`, refused: ['lesson'] },
  { hash: `lesson=${enc('//evil.example/')}`, refused: ['lesson'] },
  { hash: 'lesson=LATE-TICKER', refused: ['lesson'] },
  { hash: 'lesson=no-such-lesson', refused: ['lesson'], byRun: true },
  { hash: 'v=2&lesson=late-ticker&t=%E0%A4', refused: ['newer'] },
  { hash: 'v=-1', refused: ['newer'] },
  { hash: `v=${enc(MARKUP)}`, refused: ['newer'] },
  // some of it good
  { hash: 't=x&set.policy.workers=3&sel=y', refused: ['t', 'sel'], kept: { set: { 'policy.workers': 3 } } },
  { hash: 'set.no.such.field=1&seed=5', refused: ['no.such.field'], byRun: true, kept: { seed: 5 } },
];
