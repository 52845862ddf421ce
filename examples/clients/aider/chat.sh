# aider: chat completions.
export OPENAI_API_BASE="http://127.0.0.1:8400/v1"
export OPENAI_API_KEY="$BURNISH_API_KEY"
aider --model openai/default --message "How are you today?"
