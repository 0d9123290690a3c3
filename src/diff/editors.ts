import { LanguageSupport } from '@codemirror/language';
import { Change, MergeView, unifiedMergeView } from '@codemirror/merge';
import { Compartment, EditorState, Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { IEditorLanguageRegistry, jupyterTheme } from '@jupyterlab/codemirror';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';

import { IChange } from '../model';

/** The sources of a cell in two versions. */
export interface ISources {
  /** `null` where the cell was not there. */
  a: string | null;

  /** `null` where the cell is not there any more. */
  b: string | null;

  /** What differs, in characters; found here when it is not known. */
  changes: ReadonlyArray<IChange> | null;
  layout: 'split' | 'inline';
  labels: { a: string; b: string };
  language: string | null;
}

/** Draw sources with their difference; the result takes them away again. */
export function drawSources(
  host: HTMLElement,
  sources: ISources,
  languages: IEditorLanguageRegistry
): IDisposable {
  const { a, b, labels, layout } = sources;
  const language = new Compartment();
  const found =
    sources.language === null ? null : languages.findByName(sources.language);
  const common = [
    jupyterTheme,
    EditorState.readOnly.of(true),
    EditorView.lineWrapping,
    language.of(found?.support ?? [])
  ];
  const named = (label: string, ...more: Extension[]): Extension[] => [
    ...common,
    EditorView.contentAttributes.of({ 'aria-label': label }),
    ...more
  ];
  const merge = {
    collapseUnchanged: { margin: 3, minSize: 8 },
    diffConfig: diffConfig(sources.changes),
    gutter: true,
    highlightChanges: true
  };

  let editors: EditorView[];
  let drawn: { destroy(): void };
  if (a !== null && b !== null && a !== b && layout === 'split') {
    const view = new MergeView({
      ...merge,
      a: { doc: a, extensions: named(labels.a) },
      b: { doc: b, extensions: named(labels.b) },
      parent: host
    });
    editors = [view.a, view.b];
    drawn = view;
  } else {
    const difference =
      a !== null && b !== null && a !== b
        ? unifiedMergeView({ ...merge, mergeControls: false, original: a })
        : [];
    const view = new EditorView({
      doc: b ?? a ?? '',
      extensions: named(b === null ? labels.a : labels.b, difference),
      parent: host
    });
    editors = [view];
    drawn = view;
  }

  let isGone = false;
  if (found && !found.support) {
    void languages.getLanguage(found).then(loaded => {
      const support: LanguageSupport | undefined = loaded?.support;
      if (!isGone && support) {
        editors.forEach(view =>
          view.dispatch({ effects: language.reconfigure(support) })
        );
      }
    });
  }
  return new DisposableDelegate(() => {
    isGone = true;
    drawn.destroy();
  });
}

/** The server's difference; the editor's own one is kept from taking long. */
function diffConfig(changes: ReadonlyArray<IChange> | null): {
  override?: () => readonly Change[];
  scanLimit?: number;
  timeout?: number;
} {
  if (changes === null) {
    return { scanLimit: 500, timeout: 200 };
  }
  const known = changes.map(
    ({ fromA, fromB, toA, toB }) => new Change(fromA, toA, fromB, toB)
  );
  return { override: () => known };
}
