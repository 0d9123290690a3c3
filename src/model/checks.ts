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

/** Whether the server can mend the finding without asking anything. */
export function isAutomatic(finding: IFinding): boolean {
  return fixCommand(finding)?.id === CommandIDs.fixFindings;
}
