-- Drives a headless Neovim in tests/lsp/test_neovim.py: opens the file of the arguments, asks the server that the
-- configuration started, edits, and writes what came of it as JSON.
local folder, answers = os.getenv("NETSPEC_FOLDER"), {}

local function wait(what, seconds, ready)
  if not vim.wait(seconds * 1000, ready, 50) then
    error("waited in vain for " .. what)
  end
end

local function ask(method, params)
  local found, problem = vim.lsp.buf_request_sync(0, method, params, 60000)
  assert(found, problem)
  for _, answer in pairs(found) do
    assert(not answer.error, vim.inspect(answer.error))
    return answer.result
  end
end

local function run()
  vim.cmd("edit " .. folder .. "/net.yaml")
  wait("a client", 60, function()
    local clients = vim.lsp.buf_get_clients(0)
    return next(clients) ~= nil and select(2, next(clients)).initialized
  end)
  local document = vim.lsp.util.make_text_document_params()
  wait("fixes", 60, function()
    local found = vim.diagnostic.get(0)
    return found[1] ~= nil and found[1].message:find("32%*12%*12") ~= nil
  end)
  local first = vim.diagnostic.get(0)[1]
  answers.diagnostic = { line = first.lnum, column = first.col, code = first.code, message = first.message }

  vim.api.nvim_win_set_cursor(0, { first.lnum + 1, first.col })
  local params = vim.lsp.util.make_range_params()
  params.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics() }
  local actions = ask("textDocument/codeAction", params)
  answers.actions = #actions
  vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
  wait("no finding", 60, function() return #vim.diagnostic.get(0) == 0 end)
  answers.fixed = vim.api.nvim_buf_get_lines(0, 0, -1, false)

  vim.api.nvim_win_set_cursor(0, { 5, 12 }) -- on `pool`
  answers.hover = ask("textDocument/hover", vim.lsp.util.make_position_params()).contents.value
  local range = { start = { line = 0, character = 0 }, ["end"] = { line = 99, character = 0 } }
  answers.hints = ask("textDocument/inlayHint", { textDocument = document, range = range })
  answers.symbols = ask("textDocument/documentSymbol", { textDocument = document })
  vim.api.nvim_win_set_cursor(0, { 5, 20 }) -- in `MaxPool2d`
  answers.completions = {}
  for _, item in ipairs(ask("textDocument/completion", vim.lsp.util.make_position_params()).items) do
    table.insert(answers.completions, item.label)
  end
  vim.api.nvim_win_set_cursor(0, { 5, 12 })

  local rename = vim.lsp.util.make_position_params()
  rename.newName = "pooled"
  vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", rename), "utf-16")
  local last = vim.api.nvim_buf_line_count(0)
  vim.api.nvim_buf_set_lines(0, last, last, false, { "train:", "   epochs:   3" })
  vim.lsp.util.apply_text_edits(
    ask("textDocument/formatting", { textDocument = document, options = { tabSize = 2, insertSpaces = true } }),
    0, "utf-16")
  answers.formatted = vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

local ok, problem = pcall(run)
answers.problem = not ok and tostring(problem) or nil
local file = assert(io.open(folder .. "/answers.json", "w"))
file:write(vim.fn.json_encode(answers))
file:close()
vim.cmd("qall!")
