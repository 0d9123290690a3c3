import { IMimeBundle, IOutput } from '@jupyterlab/nbformat';

import { DiffVerdict, IDiffCell, IOutputDiff } from '../api';

/** Outputs of one side beside those that stand for them on the other. */
export interface IOutputPair {
  a: IOutput[];
  b: IOutput[];
  verdict: DiffVerdict;

  /** How they differ; `null` where they do not, or one side has no cell. */
  detail: IOutputDiff | null;
}

/** Two pictures, each as a data URI. */
export interface IImages {
  a: string;
  b: string;
}

/** The outputs of a cell, each beside its counterpart. */
export function pairOutputs(cell: IDiffCell): IOutputPair[] {
  const { a_outputs, b_outputs } = cell;
  if (cell.outputs === 'same' && cell.op !== 'insert' && cell.op !== 'delete') {
    return [{ a: a_outputs, b: b_outputs, verdict: 'same', detail: null }];
  }
  const details = cell.outputs_detail;
  if (cell.op === 'insert' || cell.op === 'delete' || details.length === 0) {
    return [{ a: a_outputs, b: b_outputs, verdict: 'changed', detail: null }];
  }
  const unitsA = unitsOf(a_outputs);
  const unitAt = (units: IUnit[], index: number | null): IOutput[] =>
    index === null
      ? []
      : (units.find(({ start, outputs }) => {
          return start <= index && index < start + outputs.length;
        })?.outputs ?? []);

  const pairs: IOutputPair[] = unitsOf(b_outputs).map(({ outputs, start }) => {
    const detail =
      details.find(
        ({ b }) => b !== null && start <= b && b < start + outputs.length
      ) ?? null;
    return {
      a: detail ? unitAt(unitsA, detail.a) : outputs,
      b: outputs,
      verdict: detail?.verdict ?? 'same',
      detail
    };
  });
  for (const detail of details) {
    if (detail.b === null) {
      const { verdict } = detail;
      pairs.push({ a: unitAt(unitsA, detail.a), b: [], verdict, detail });
    }
  }
  return pairs;
}

interface IUnit {
  start: number;
  outputs: IOutput[];
}

/** Outputs one by one, but neighbouring pieces of a stream together. */
function unitsOf(outputs: ReadonlyArray<IOutput>): IUnit[] {
  const units: IUnit[] = [];
  outputs.forEach((output, start) => {
    const last = units[units.length - 1];
    const before = last?.outputs[0];
    if (
      before?.output_type === 'stream' &&
      output.output_type === 'stream' &&
      before.name === output.name
    ) {
      last.outputs.push(output);
    } else {
      units.push({ start, outputs: [output] });
    }
  });
  return units;
}

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/svg+xml'];

/** Both sides as pictures, `null` where one is none. */
export function imagesOf(pair: IOutputPair): IImages | null {
  const a = imageOf(pair.a);
  const b = imageOf(pair.b);
  return pair.verdict !== 'same' && a !== null && b !== null ? { a, b } : null;
}

/** A picture as the source of an `img`, in which no script runs. */
function imageOf(outputs: IOutput[]): string | null {
  const [output] = outputs;
  if (outputs.length !== 1 || !output.data) {
    return null;
  }
  const bundle = output.data as IMimeBundle;
  const mime = IMAGES.find(name => bundle[name] !== undefined);
  if (mime === undefined) {
    return null;
  }
  const data = bundle[mime];
  const text = Array.isArray(data) ? data.join('') : String(data);
  return mime === 'image/svg+xml'
    ? `data:${mime};charset=utf-8,${encodeURIComponent(text)}`
    : `data:${mime};base64,${text.replace(/\s/g, '')}`;
}
