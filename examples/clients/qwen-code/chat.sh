# qwen-code: chat completions.
export OPENAI_BASE_URL="http://127.0.0.1:8400/v1"
export OPENAI_API_KEY="$BURNISH_API_KEY"
qwen --auth-type openai --model default "How are you today?"
