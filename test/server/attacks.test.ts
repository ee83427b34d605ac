/** What others may try: refused or borne, and the server is there afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server/index.ts';
import { StudyStore } from '../../src/store/index.ts';
import { hasBrowser, launchBrowser } from '../report/browser.ts';
import { waitingStudy } from './filled-folder.ts';
import { ask, sent, serving, temporaryFolder, until } from './served.ts';

const post = (body: string | Buffer, more: Readonly<Record<string, string>> = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...more },
  body,
});

/** Bytes as they go over the wire, and what comes back until the other side ends or enough has come. */
function raw({ port }: RunningServer, text: string, enough = 1): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (part: Buffer) => {
      got += part.toString();
      if (got.length >= enough) socket.destroy();
    });
    socket.on('close', () => resolve(got));
    socket.on('error', () => resolve(got));
  });
}

describe('a server under attack', () => {
  const served = serving();
  const outside = temporaryFolder();
  const folder = temporaryFolder();
  let server: RunningServer;

  beforeAll(async () => {
    writeFileSync(join(outside, 'secret.json'), '{"kind":"growth","version":1,"secret":"classified"}');
    writeFileSync(join(outside, 'study.yaml'), 'secret: true\nworkloads: []\n');
    (await waitingStudy(join(outside, 'study'))).close();
    mkdirSync(join(folder, 'inside'));
    mkdirSync(join(folder, '.private'));
    writeFileSync(join(folder, '.private', 'result.json'), '{}');
    symlinkSync(outside, join(folder, 'link'));
    symlinkSync(join(outside, 'secret.json'), join(folder, 'inside', 'result.json'));
    mkdirSync(join(folder, 'linked-study'));
    symlinkSync(join(outside, 'study', 'study.sqlite'), join(folder, 'linked-study', 'study.sqlite'));
    mkdirSync(join(folder, 'linked-trials'));
    (await waitingStudy(join(folder, 'linked-trials'))).close();
    symlinkSync(outside, join(folder, 'linked-trials', 'study.yaml'));
    server = await served({ folder });
  });
  // Whatever was tried, it answers.
  afterAll(async () => {
    expect((await ask(server, 'folder', {})).entries.map((e) => e.path)).not.toContain('link');
  });

  it('no path leaves the folder, however it is written', async () => {
    const tries = [
      ...['../secret.json', 'inside/../../secret.json', `${outside}/secret.json`, '/etc/passwd', '..', 'inside/..'],
      ...['..\\secret.json', 'inside\\..\\..\\x', 'C:\\x', 'a\u0000b', './inside', 'inside//x', '.private/result.json'],
    ];
    for (const path of tries) {
      for (const [name, asked] of [
        ['result', { path }],
        ['study', { study: path }],
        ['text', { path }],
        ['csv', { path }],
        ['figure', { of: path, name: 'x.svg' }],
        ['spectra', { paths: [path] }],
        ['analysis', { study: path }],
      ] as const) {
        const answer = await sent(server, `/api/${name}`, post(JSON.stringify(asked)));
        expect([400, 404], `${name} ${path}`).toContain(answer.status);
        expect(answer.text, `${name} ${path}`).not.toMatch(/classified|root:/);
        expect(answer.text).not.toContain(folder);
      }
      for (const [name, asked] of [
        ['save', { path, text: 'x', before: null }],
        ['start', { study: path }],
        ['pause', { study: path }],
        ['measure', { name: 'spectrum', request: { model: path }, folder: 'out' }],
        ['measure', { name: 'spectrum', request: { model: 'resnet8' }, folder: path }],
      ] as const) {
        const answer = await sent(
          server,
          `/api/${name}`,
          post(JSON.stringify({ ...asked, once: `attack-${Math.random()}`.replace('.', '-') })),
        );
        expect([400, 404], `${name} ${path} ${answer.text}`).toContain(answer.status);
      }
    }
    for (const path of [
      '/../package.json',
      '/assets/../../package.json',
      '/%2e%2e/package.json',
      '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
      '//etc/passwd',
      '/.private/result.json',
    ])
      expect(
        (await raw(server, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`, 1e6)).toLowerCase(),
      ).not.toMatch(/"name": "ballast"|root:/);
  });

  it('symbolic links are not followed: to folders, to files, of a database, of what lies beside it', async () => {
    for (const [name, asked] of [
      ['result', { path: 'link/secret.json' }],
      ['result', { path: 'inside/result.json' }],
      ['text', { path: 'link/study.yaml' }],
      ['study', { study: 'link/study' }],
      ['study', { study: 'linked-study' }],
      ['analysis', { study: 'linked-study' }],
      ['study', { study: 'linked-trials' }],
    ] as const) {
      const answer = await sent(server, `/api/${name}`, post(JSON.stringify(asked)));
      expect(answer.status, JSON.stringify(asked)).toBe(404);
      expect(answer.text).toMatch(/symbolic link/);
    }
    const once = 'attack-by-link';
    const measured = { name: 'spectrum', request: { model: 'link' }, folder: 'out', once };
    expect((await sent(server, '/api/measure', post(JSON.stringify(measured)))).text).toMatch(/symbolic link/);
    const saved = { path: 'link/new.yaml', text: 'x', before: null, once: `${once}-2` };
    expect((await sent(server, '/api/save', post(JSON.stringify(saved)))).text).toMatch(/symbolic link/);
  });

  it('bodies that are too long, of another type, or no JSON are refused', async () => {
    expect((await sent(server, '/api/check', post(Buffer.alloc(2 ** 21, 0x20)))).status).toBe(413);
    // Without saying so before: it is counted while it comes.
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const chunked = `POST /api/check HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(20)}`;
    expect(await raw(server, chunked)).toMatch(/^HTTP\/1.1 413/);
    expect(
      (await sent(server, '/api/check', { ...post('{}'), headers: { 'content-type': 'text/plain' } })).status,
    ).toBe(415);
    expect(
      (
        await sent(server, '/api/check', {
          ...post('a=1'),
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        })
      ).status,
    ).toBe(415);
    for (const body of ['{', '', 'null', '[]', '"x"', '{"text":1}', '{"text":"a","more":1}', '['.repeat(100_000)])
      expect((await sent(server, '/api/check', post(body))).status, body.slice(0, 20)).toBe(400);
    // A text that grows when it is read, and one that is deep.
    const bomb = `a: &a [${'x,'.repeat(50)}]\n${Array.from({ length: 12 }, (_, i) => `b${i}: &b${i} [${`*${i ? `b${i - 1}` : 'a'},`.repeat(20)}]`).join('\n')}\n`;
    for (const text of [bomb, '['.repeat(50_000), '\u0000', `${'a: '.repeat(1000)}`])
      expect((await ask(server, 'check', { text })).mistakes.length, text.slice(0, 20)).toBeGreaterThan(0);
    expect(await raw(server, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /431|400/,
    );
    expect(await raw(server, 'GARBAGE\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);
  });

  it('what another site sends is refused, whatever it asks; a link to the page is followed', async () => {
    const once = 'from-another-site';
    const pause = JSON.stringify({ study: 'linked-trials', once });
    const own = `http://127.0.0.1:${server.port}`;
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `https://127.0.0.1:${server.port}` },
      { origin: `http://127.0.0.1:${server.port + 1}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: own },
    ] as Record<string, string>[]) {
      expect((await sent(server, '/api/pause', post(pause, headers))).status, JSON.stringify(headers)).toBe(403);
      expect((await sent(server, '/api/folder', { headers })).status).toBe(403);
      expect((await sent(server, '/api/events', { headers })).status).toBe(403);
    }
    const answer = await sent(server, '/api/folder', { headers: { origin: own, 'sec-fetch-site': 'same-origin' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    const followed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await sent(server, '/', { headers: followed })).status).toBe(200);
    expect((await sent(server, '/api/folder', { headers: followed })).status).toBe(403);
    expect(
      (await sent(server, '/api/pause', { method: 'OPTIONS', headers: { origin: 'http://evil.example' } })).status,
    ).toBe(403);
  });

  it('a foreign name that was made to lead here is refused (DNS rebinding)', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${server.port}`,
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '[::1',
      'a b',
      '192.168.0.1',
    ])
      for (const path of ['/', '/api/folder', '/api/events'])
        expect((await sent(server, path, { headers: { host } })).status, host).toBe(421);
    expect(await raw(server, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);
    expect(await raw(server, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 421/);
    for (const host of ['localhost', `localhost:${server.port}`, `127.0.0.1:${server.port}`, `[::1]:${server.port}`])
      expect((await sent(server, '/api/folder', { headers: { host } })).status, host).toBe(200);
  });

  it.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')('other users of the machine are refused', () => {
    const script = `fetch('http://127.0.0.1:${server.port}/api/folder').then((r) => console.log(r.status))`;
    const asked = (uid: number) =>
      spawn(process.execPath, ['-e', script], { uid, stdio: ['ignore', 'pipe', 'ignore'], cwd: '/' });
    const statusOf = (child: ChildProcess) =>
      new Promise<string>((resolve) => {
        child.stdout!.on('data', (part: Buffer) => resolve(part.toString().trim()));
        child.on('exit', (code) => resolve(`ended with ${code}`));
      });
    return Promise.all([
      expect(statusOf(asked(65_534))).resolves.toBe('403'),
      expect(statusOf(asked(0))).resolves.toBe('200'),
    ]);
  });

  it('no page runs anything but its own scripts, or fetches anything from elsewhere', async () => {
    const { headers } = await sent(server, '/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'self'(?: 'wasm-unsafe-eval')?;/);
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/https?:|\*|'unsafe-eval'/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('a page that lies in the folder is shown as it is, and nothing of it runs', async () => {
    writeFileSync(join(folder, 'inside', 'report.html'), '<script>fetch("/api/folder")</script><h1>evil</h1>');
    const { status, text, headers } = await sent(server, '/api/page?path=inside/report.html');
    expect(status).toBe(200);
    expect(text).toContain('<h1>evil</h1>');
    expect(headers['content-security-policy']).toMatch(/^sandbox; default-src 'none'/);
    for (const path of [
      'inside/result.json',
      '../x.html',
      'link/x.html',
      'inside',
      'inside/gone.html',
      '.private/x.html',
    ])
      expect((await sent(server, `/api/page?path=${encodeURIComponent(path)}`)).status, path).toBe(404);
  });

  it('files that are damaged or no files of ours are told, and end nothing', async () => {
    const damaged = [
      ['garbage', 'study.sqlite', Buffer.from('not a database, not at all'.repeat(100))],
      ['cut', 'measured.json', Buffer.from('{"kind":"measured-study","version":1')],
      ['table', 'measurements.csv', Buffer.from('a,b\n1')],
    ] as const;
    for (const [name, file, bytes] of damaged) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, file), bytes);
      const answer = await sent(server, '/api/study', post(JSON.stringify({ study: name })));
      expect([400, 404], `${name}: ${answer.text}`).toContain(answer.status);
    }
    mkdirSync(join(folder, 'broken'));
    writeFileSync(join(folder, 'broken', 'result.json'), '{"kind":"spectrum","version":1,"result":{}}');
    expect((await sent(server, '/api/result', post('{"path":"broken/result.json"}'))).text).toMatch(
      /is not a whole spectrum/,
    );
    // A network that is none: the job says so, and nothing else ends.
    writeFileSync(
      join(folder, 'evil.onnx'),
      Buffer.concat([Buffer.from([0x08, 0x09, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]), Buffer.alloc(1000, 0xff)]),
    );
    const { job } = await ask(server, 'measure', {
      name: 'spectrum',
      request: { model: 'evil.onnx', dataset: 'shapes' },
      folder: 'of-evil',
      once: 'evil-network',
    });
    const ended = await until(
      async () => (await ask(server, 'jobs', {})).jobs.find((j) => j.id === job.id)!,
      ({ state }) => state !== 'running',
    );
    expect(ended.state).toBe('failed');
    expect(ended.detail).toMatch(/evil\.onnx/);
    expect(ended.detail).not.toContain(folder);
  });

  it('clients that are slow, or stop in the middle, hold up nobody', async () => {
    const halves = Array.from({ length: 50 }, () => connect(server.port, '127.0.0.1'));
    for (const socket of halves) {
      socket.on('error', () => {});
      socket.write(
        'POST /api/check HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"te',
      );
    }
    for (let i = 0; i < 5; i++) expect((await sent(server, '/api/jobs')).status).toBe(200);
    for (const socket of halves) socket.destroy();
    expect((await sent(server, '/api/jobs')).status).toBe(200);
  });

  it('of a thousand open event streams as many are served as it has room for, and the rest are told so', async () => {
    const sockets = Array.from({ length: 1000 }, () => connect(server.port, '127.0.0.1'));
    const answers = await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<string>((resolve) => {
            socket.on('error', () => resolve('refused'));
            socket.on('close', () => resolve('refused'));
            socket.once('data', (part: Buffer) => resolve(/^HTTP\/1.1 (\d+)/.exec(part.toString())?.[1] ?? ''));
            socket.write('GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
          }),
      ),
    );
    const count = (what: string) => answers.filter((a) => a === what).length;
    expect(count('200')).toBe(256);
    expect(count('200') + count('503') + count('refused')).toBe(1000);
    for (const socket of sockets) socket.destroy();
    await until(
      () =>
        sent(server, '/api/jobs').then(
          (a) => a.status,
          () => 0,
        ),
      (status) => status === 200,
    );
    // What they left is free again.
    await until(
      async () => (await raw(server, 'GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n')).slice(0, 12),
      (head) => head === 'HTTP/1.1 200',
    );
  });

  it.skipIf(!hasBrowser())('a study, a metric or a trial with a hostile name is a name and nothing more', async () => {
    const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>"\';--';
    const store = await StudyStore.open(join(folder, 'hostile'));
    store.replaceGrid({
      name: evil,
      text: `name: ${JSON.stringify(evil)}`,
      workloads: {
        w: JSON.stringify({
          name: 'w',
          model: 'm',
          dataset: 'd',
          fraction: 1,
          complexity: null,
          examples: 1,
          metric: { name: evil, direction: 'max' },
          parameters: null,
          targets: [{ name: evil, quantity: 'trainLoss', rule: { kind: 'absolute', value: 1 } }],
        }),
      },
      trials: [{ id: 'a-hostile-trial', spec: '{}', budgetSteps: 1, budgetSeconds: null }],
      points: [
        {
          workload: 'w',
          strategy: 'BLR',
          batchSize: 8,
          baseRate: 0.1,
          seed: 0,
          learningRate: 0.1,
          budgetSteps: 9,
          trialId: 'a-hostile-trial',
        },
      ],
    });
    const claim = store.claims.claim()!;
    for (const step of [1, 2])
      store.claims.measure(claim, {
        step,
        epoch: step,
        examples: 8 * step,
        seconds: step,
        trainLoss: 1 / step,
        valLoss: 1,
        valMetric: 1,
        noiseScale: null,
        gradNorm: null,
      });
    store.claims.end(claim, { status: 'failed', step: 2, note: evil });
    store.close();
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      for (const tab of ['', 'trials', 'curves', 'file']) {
        await page.goto(`${server.address}study?path=hostile&tab=${tab}`);
        await page.getByRole('heading', { level: 1, name: evil }).waitFor();
        await page.locator('.answer:not(.waiting)').waitFor();
        expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined();
        expect(await page.locator('img[src="x"]').count()).toBe(0);
      }
    } finally {
      await browser.close();
    }
  });
});

describe('a server that others can reach', async () => {
  const server = await serving()({ folder: temporaryFolder(), host: '0.0.0.0' });
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await sent(server, path, { headers })).status;

  it('wants its token, of every request, as cookie, header or once in the address', async () => {
    expect(server.token!.length).toBeGreaterThanOrEqual(32);
    expect(server.address).toContain(`?token=${server.token}`);
    expect(await status('/')).toBe(401);
    expect(await status('/api/folder')).toBe(401);
    expect(await status('/api/events')).toBe(401);
    expect(await status('/api/folder', { authorization: `Bearer ${server.token}` })).toBe(200);
    const { status: led, headers } = await sent(server, `/study?path=x&token=${server.token}`);
    expect(led).toBe(303);
    expect(headers.location).toBe('/study?path=x');
    const cookie = String(headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    expect(await status('/api/folder', { cookie: cookie.split(';')[0]! })).toBe(200);
    expect(await status('/api/folder', { authorization: `Bearer ${server.token}`, host: 'evil.example' })).toBe(421);
  });

  it('looks at few wrong tokens a minute', async () => {
    const wrong = (i: number) => ({ authorization: `Bearer ${'x'.repeat(31)}${i}` });
    const statuses = [];
    for (let i = 0; i < 40; i++) statuses.push(await status('/api/folder', wrong(i)));
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.at(-1)).toBe(429);
    // Whoever knows it is not kept out by those who guess.
    expect(await status('/api/folder', { authorization: `Bearer ${server.token}` })).toBe(200);
  });
});
