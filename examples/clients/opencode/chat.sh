# opencode: chat completions, with the configuration beside this file, which it also finds as opencode.json in a project.
OPENCODE_CONFIG="$PWD/chat.json" opencode run "How are you today?"
