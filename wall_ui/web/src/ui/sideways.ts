/**
 * Attached to the box around a table: lets it scroll sideways, but only where the columns do not
 * fit. A box that always may holds the head of its table, which then leaves with the page.
 */
export function sideways(box: HTMLElement): (() => void) | undefined {
  const table = box.querySelector('table');
  if (table === null) return undefined;
  const watch = new ResizeObserver(() => {
    box.classList.toggle('wide', table.offsetWidth > box.clientWidth);
  });
  watch.observe(box);
  watch.observe(table);
  return () => watch.disconnect();
}
