"""Checked spec → Python source → nn.Module; its weights, and plugins. Only the source does without torch."""
