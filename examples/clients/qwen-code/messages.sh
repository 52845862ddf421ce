# qwen-code: Messages.
export ANTHROPIC_BASE_URL="http://127.0.0.1:8400"
export ANTHROPIC_API_KEY="$BURNISH_API_KEY"
qwen --auth-type anthropic --model default "How are you today?"
