# codex: one turn, with the configuration beside this file.
CODEX_HOME="$PWD" codex exec --skip-git-repo-check "How are you today?"
