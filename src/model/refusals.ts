import { ServerConnection } from '@jupyterlab/services';

import { INameParts, parseName, spaced } from './names';

const NAME_CODE = /\s*\((NBT1\d\d)\)\s*$/;

/** A name that the server did not take. */
export interface IRefusal {
  code: string;

  /** What is wrong with it and what to do, without the code. */
  message: string;
}

/** What a failed request says about a name, `null` when it is about others. */
export function asRefusal(reason: unknown): IRefusal | null {
  if (
    !(reason instanceof ServerConnection.ResponseError) ||
    reason.response.status !== 422
  ) {
    return null;
  }
  const code = NAME_CODE.exec(reason.message)?.[1];
  return code ? { code, message: reason.message.replace(NAME_CODE, '') } : null;
}

/**
 * What to start with in place of a name that was refused.
 *
 * @param refused The path that was refused.
 * @param origin The notebook that was to be renamed or copied.
 * @param isMoved Whether it was to be renamed: then it keeps its number.
 */
export function partsInstead(
  refused: string,
  origin: string | null,
  code: string,
  categories: ReadonlyArray<string>,
  isMoved = false
): INameParts {
  const wanted = parseName(refused, categories);
  const before = origin === null ? null : parseName(origin, categories);
  const said = code === 'NBT103' ? '' : wanted.description;
  return {
    sequence: wanted.sequence ?? (isMoved ? (before?.sequence ?? null) : null),
    category: wanted.category ?? before?.category ?? null,
    description: spaced(said || (before?.description ?? ''))
  };
}

/** The same folder, another file name; paths of the Contents API. */
export function beside(path: string, name: string): string {
  const slash = path.lastIndexOf('/');
  const end = slash < 0 ? path.indexOf(':') : slash;
  return `${path.slice(0, end + 1)}${name}`;
}
