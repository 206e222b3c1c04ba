"""The `crf_ner` component: exact inference, its layers, and the pipe itself. All that a packaged model needs."""
