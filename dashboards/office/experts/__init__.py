"""Parts of the pages about the network of experts: words and forms that they share, and the pages behind a link."""
