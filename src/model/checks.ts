import { IFinding } from '../api';
import { CommandIDs } from '../tokens';

/** The findings about one file. */
export interface IFindingGroup {
  path: string;
  findings: IFinding[];
}

/** Findings grouped by file, those with errors first. */
export function groupFindings(
  findings: ReadonlyArray<IFinding>
): IFindingGroup[] {
  const groups = new Map<string, IFinding[]>();
  for (const finding of findings) {
    groups.set(finding.path, [...(groups.get(finding.path) ?? []), finding]);
  }
  const errors = (list: IFinding[]): number =>
    list.filter(finding => finding.severity === 'error').length;
  return [...groups]
    .map(([path, list]) => ({
      path,
      findings: [...list].sort(
        (a, b) =>
          Number(b.severity === 'error') - Number(a.severity === 'error') ||
          a.code.localeCompare(b.code)
      )
    }))
    .sort(
      (a, b) =>
        errors(b.findings) - errors(a.findings) || a.path.localeCompare(b.path)
    );
}

/** A command with what it is called with. */
export interface ICommandCall {
  id: string;
  args: { [name: string]: string };
}

/** What the button of a finding does, `null` when nothing mends it. */
export function fixCommand(finding: IFinding): ICommandCall | null {
  const { cell_id, code, fix, path } = finding;
  switch (fix?.action) {
    case undefined:
      return null;
    case 'rename':
      return { id: CommandIDs.nameNotebook, args: { path } };
    case 'resolve':
      return { id: CommandIDs.resolvePair, args: { path } };
    case 'init':
      return { id: CommandIDs.initProject, args: {} };
    case 'split':
      return {
        id: CommandIDs.openNotebook,
        args: { path, ...(cell_id ? { cell: cell_id } : {}) }
      };
    default:
      return { id: CommandIDs.fixFindings, args: { path, code } };
  }
}

/** A piece of a message; what stands between backticks is code. */
export interface IMessagePart {
  text: string;
  code: boolean;
}

/** A message with the code in it told apart. */
export function messageParts(message: string): IMessagePart[] {
  return message
    .split('`')
    .map((text, index) => ({ text, code: index % 2 === 1 }))
    .filter(({ text }) => text !== '');
}

/** Rules about the file, which no comment in a cell silences. */
const OF_FILES = /^NBT[0139]/;

/** The comment that silences a finding in its cell, `null` where none does. */
export function silenceComment(
  finding: Pick<IFinding, 'code' | 'cell_id'>,
  cellType: string
): string | null {
  if (finding.cell_id === null || OF_FILES.test(finding.code)) {
    return null;
  }
  return cellType === 'code'
    ? `# nbtrail: ignore ${finding.code}`
    : `<!-- nbtrail: ignore ${finding.code} -->`;
}

/** How many findings ask for another name. */
export function countNames(findings: ReadonlyArray<IFinding>): number {
  return new Set(
    findings
      .filter(({ fix }) => fix?.action === 'rename')
      .map(({ path }) => path)
  ).size;
}

/** Whether the server can mend the finding without asking anything. */
export function isAutomatic(finding: IFinding): boolean {
  return fixCommand(finding)?.id === CommandIDs.fixFindings;
}
