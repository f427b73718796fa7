/** Give the reader a file that was made here. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // the download has taken its own hold of the data by the next turn
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
