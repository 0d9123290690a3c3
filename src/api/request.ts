import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { MissingServerError, TrailError, UnreachableError } from './errors';

/** Values of a query string; those that are null or undefined are left out, lists repeat the name. */
export interface IQuery {
  [name: string]:
    string | number | boolean | ReadonlyArray<string> | null | undefined;
}

/**
 * Ask the server part of nbtrail.
 *
 * @param endPoint Path below `/nbtrail/api/`, its parts already encoded.
 * @returns The parsed body.
 * @throws TrailError with the server's message, reason and status.
 */
export async function requestAPI<T>(
  endPoint: string,
  settings: ServerConnection.ISettings,
  query: IQuery = {},
  init: RequestInit = {}
): Promise<T> {
  const url =
    URLExt.join(settings.baseUrl, 'nbtrail', 'api', endPoint) +
    Private.queryString(query);

  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
  } catch (reason) {
    throw new UnreachableError(
      reason instanceof Error ? reason.message : String(reason)
    );
  }

  const body = Private.parse(await response.text());
  if (response.ok) {
    return body as T;
  }
  const answer = (body ?? {}) as Private.IErrorBody;
  if (response.status === 404 && typeof answer.reason !== 'string') {
    throw new MissingServerError(response.status);
  }
  throw new TrailError(
    answer.message || `${response.status} ${response.statusText}`,
    answer.reason || 'http',
    response.status,
    answer.detail ?? null
  );
}

/** A path as part of an URL: every segment encoded, the slashes kept. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

namespace Private {
  export interface IErrorBody {
    message?: string;
    reason?: string | null;
    detail?: unknown;
  }

  export function queryString(query: IQuery): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (Array.isArray(value)) {
        value.forEach(one => parameters.append(name, one));
      } else if (value !== null && value !== undefined) {
        parameters.set(name, String(value));
      }
    }
    const text = parameters.toString();
    return text ? `?${text}` : '';
  }

  export function parse(text: string): unknown {
    try {
      return text ? JSON.parse(text) : null;
    } catch {
      return null;
    }
  }
}
