import { ServerConnection } from '@jupyterlab/services';

import { MissingServerError, TrailClient, UnreachableError } from '../api';

describe('TrailClient', () => {
  const answers = (respond: () => Promise<Response>): TrailClient => {
    fetches = jest.fn(respond);
    return new TrailClient({
      serverSettings: ServerConnection.makeSettings({
        baseUrl: 'http://lab.invalid/base/',
        fetch: fetches
      })
    });
  };
  const json = (body: unknown, status = 200): (() => Promise<Response>) => {
    return async () =>
      ({
        ok: status < 400,
        status,
        statusText: 'Status',
        text: async () =>
          typeof body === 'string' ? body : JSON.stringify(body)
      }) as Response;
  };
  let fetches: jest.Mock;

  const asked = (): Request => fetches.mock.calls[0][0];

  it('should encode paths and name the project', async () => {
    const client = answers(json({ executions: [], next: null }));
    await client.executions('a b', 'sub/ü #1.ipynb', 30);
    const url = new URL(asked().url);
    expect(url.pathname).toBe(
      '/base/nbtrail/api/notebooks/sub/%C3%BC%20%231.ipynb/executions'
    );
    expect(url.searchParams.get('project')).toBe('a b');
    expect(url.searchParams.get('limit')).toBe('30');
  });

  it('should not name the server root', async () => {
    const client = answers(json({}));
    await client.graph('');
    expect(new URL(asked().url).searchParams.has('project')).toBe(false);
  });

  it('should hand on what the server says about an error', async () => {
    const client = answers(
      json({ message: 'Busy.', reason: 'locked', detail: { by: 1 } }, 409)
    );
    await expect(client.startRun('', { kind: 'verify' })).rejects.toMatchObject(
      {
        message: 'Busy.',
        reason: 'locked',
        status: 409,
        detail: { by: 1 }
      }
    );
    expect(asked().method).toBe('POST');
  });

  it('should know a server without nbtrail', async () => {
    const client = answers(json('<html>404</html>', 404));
    await expect(client.project('')).rejects.toBeInstanceOf(MissingServerError);
  });

  it('should tell a missing thing from a missing server', async () => {
    const client = answers(
      json({ message: 'No such run.', reason: 'not-found' }, 404)
    );
    await expect(client.run('', 'x')).rejects.not.toBeInstanceOf(
      MissingServerError
    );
  });

  it('should know a server that cannot be reached', async () => {
    const client = answers(() => Promise.reject(new TypeError('refused')));
    await expect(client.graph('')).rejects.toBeInstanceOf(UnreachableError);
  });
});
