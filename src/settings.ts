import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ISignal, Signal } from '@lumino/signaling';

import { ITrailSettings } from './tokens';

/** The user's choices; the defaults until the registry has answered. */
export class TrailSettings implements ITrailSettings {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get showChips(): boolean {
    return this._get('showChips');
  }

  get showMarks(): boolean {
    return this._get('showMarks');
  }

  get nameDrafts(): boolean {
    return this._get('nameDrafts');
  }

  /** Follow the settings of a plugin. */
  async load(registry: ISettingRegistry, plugin: string): Promise<void> {
    this._settings = await registry.load(plugin);
    this._settings.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  private _get(name: string): boolean {
    return (this._settings?.composite[name] as boolean | undefined) ?? true;
  }

  private _onChanged(): void {
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _settings: ISettingRegistry.ISettings | null = null;
}
