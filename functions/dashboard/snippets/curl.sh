curl -X POST "BASE_URL/api/v1/memories" \
  -H "Authorization: Bearer $HEROBRAIN_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"content": "Prefers the window seat", "type": "semantic", "userId": "ada"}'

curl -X POST "BASE_URL/api/v1/memories/search" \
  -H "Authorization: Bearer $HEROBRAIN_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"query": "window seat", "userId": "ada"}'
