import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';

import {
  categoryChip,
  environmentChip,
  findingsChip,
  NotebookModels,
  orderChip,
  pairingChip,
  pairingCommand
} from '../model';
import { CommandIDs, ITrailSettings } from '../tokens';
import { ChipWidget } from './chip';

/** Options of `addChips`. */
export interface IChipsOptions {
  commands: CommandRegistry;
  models: NotebookModels;
  settings: ITrailSettings;
  toolbars: IToolbarWidgetRegistry;
  trans: TranslationBundle;
}

/** Offer the chips to the toolbar of notebooks; the schema places them. */
export function addChips(options: IChipsOptions): void {
  const { commands, trans } = options;
  const add = (
    name: string,
    chip: ChipWidget.IOptions['chip'],
    click: ChipWidget.IOptions['onClick'],
    isMenu = false
  ): void => {
    options.toolbars.addFactory<NotebookPanel>(
      'Notebook',
      `nbtrail-${name}`,
      panel =>
        new ChipWidget({
          chip,
          isMenu,
          model: options.models.get(panel),
          name,
          onClick: click,
          settings: options.settings,
          trans
        })
    );
  };

  add(
    'category',
    categoryChip,
    (node, { draft, path }) => {
      if (draft) {
        void commands.execute(CommandIDs.nameNotebook, { path });
      } else {
        openCategories(options, node, path);
      }
    },
    true
  );
  add('pairing', pairingChip, (_, status) => {
    void commands.execute(pairingCommand(status), { path: status.path });
  });
  add('order', orderChip, (_, { path }) => {
    void commands.execute(CommandIDs.openDiff, { path });
  });
  add('findings', findingsChip, () => {
    void commands.execute(CommandIDs.checkProject);
  });
  add('environment', environmentChip, () => {
    void commands.execute(CommandIDs.openPanel);
  });
}

/** The menu of categories below a chip. */
function openCategories(
  { commands, models }: IChipsOptions,
  node: HTMLElement,
  path: string
): void {
  const menu = new MenuSvg({ commands });
  for (const category of models.categories) {
    menu.addItem({
      command: CommandIDs.changeCategory,
      args: { category, path }
    });
  }
  menu.addItem({ type: 'separator' });
  menu.addItem({
    command: CommandIDs.changeCategory,
    args: { menu: true, path }
  });
  const box = node.getBoundingClientRect();
  menu.aboutToClose.connect(() => {
    // The chosen command still needs the menu while it closes.
    void Promise.resolve().then(() => menu.dispose());
  });
  menu.open(box.left, box.bottom);
}
