import { PanelWithToolbar, ReactWidget } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';

/** One of the panel's sections: a title, buttons beside it, and a body. */
export class Section extends PanelWithToolbar {
  constructor(options: Section.IOptions) {
    super();
    this.addClass('jp-Trail-section');
    this.id = `nbtrail-${options.name}`;
    this.node.dataset.section = options.name;
    this.title.label = options.label;
    this.title.caption = options.label;
    if (options.buttons) {
      this.toolbar.node.setAttribute('aria-label', options.label);
      this.toolbar.addItem('buttons', options.buttons);
    }
    options.body.addClass('jp-Trail-body');
    this.addWidget(options.body);
    this._body = options.body;
  }

  /** Height that the content takes in pixels, be there room for it or not. */
  get contentHeight(): number {
    return this._body.node.offsetHeight;
  }

  /** Have `observer` told when the content gets higher or lower. */
  observe(observer: ResizeObserver): void {
    observer.observe(this._body.node);
  }

  private readonly _body: ReactWidget;
}

export namespace Section {
  export interface IOptions {
    /** Short name, part of the widget's identifier. */
    name: string;
    label: string;
    body: ReactWidget;
    buttons?: Widget;
  }
}
