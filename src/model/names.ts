import { PathExt } from '@jupyterlab/coreutils';

const SEPARATORS = /[-_\s.()]+/;
const SEQUENCE = /^\d{1,4}[a-z]?$/i;
const DRAFT = /^untitled\d*(-copy\d*)?$/i;

/** The parts of a notebook's file name. */
export interface INameParts {
  sequence: string | null;
  category: string | null;
  description: string;
}

/** A file name's part from what a person typed: `Five models!` → `five-models`. */
export function slug(description: string): string {
  return description
    .trim()
    .replace(/[^\p{L}\p{N}_]+/gu, '-')
    .replace(/^[-_]+|[-_]+$/g, '')
    .toLowerCase();
}

/** A description as people write it: the words without hyphens. */
export function spaced(description: string): string {
  return description.replace(/-+/g, ' ');
}

/** Whether a text can stand first in a name: `3`, `2b`. */
export function isSequence(text: string): boolean {
  return SEQUENCE.test(text);
}

/** `3-EXPERIMENTAL-five-models.ipynb`; `''` when a part says nothing. */
export function buildName(parts: INameParts): string {
  const words = slug(parts.description);
  if (
    !words ||
    !parts.category ||
    (parts.sequence && !isSequence(parts.sequence))
  ) {
    return '';
  }
  const known = [parts.sequence, parts.category, words].filter(Boolean);
  return `${known.join('-')}.ipynb`;
}

/** Read what a file name says, given the words that are categories. */
export function parseName(
  path: string,
  categories: ReadonlyArray<string>
): INameParts {
  const stem = PathExt.basename(path, '.ipynb');
  const words = stem.split(SEPARATORS).filter(word => word);
  const upper = new Map(categories.map(word => [word.toLowerCase(), word]));
  const category = words.map(w => upper.get(w.toLowerCase())).find(w => w);
  const rest = words.filter(word => !upper.has(word.toLowerCase()));
  const sequence =
    rest.length > 0 && rest[0] === words[0] && SEQUENCE.test(rest[0])
      ? rest[0]
      : null;
  return {
    sequence,
    category: category ?? null,
    description: isDraft(path)
      ? ''
      : rest.slice(sequence === null ? 0 : 1).join('-')
  };
}

/** A notebook as people call it: its description, else its file's name. */
export function spokenName(
  path: string,
  categories: ReadonlyArray<string>
): string {
  const { description } = parseName(path, categories);
  return spaced(description) || PathExt.basename(path, '.ipynb');
}

/** Whether the file still has the name that Jupyter gave it. */
export function isDraft(path: string): boolean {
  return DRAFT.test(PathExt.basename(path, '.ipynb').trim());
}

/** The same folder, another file name. */
export function renamed(path: string, name: string): string {
  return PathExt.join(PathExt.dirname(path), name);
}
