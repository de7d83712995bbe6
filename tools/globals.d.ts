// What the pages' scripts share beyond the browser's own: see basalt_iq/templates and watch/templates.
declare const uPlot: any;
interface Navigator { keyboard?: { lock(keys: string[]): Promise<void> } }
