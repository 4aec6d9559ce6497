from herobrain import HeroBrain

# It reads the key from HEROBRAIN_API_KEY.
with HeroBrain(base_url="BASE_URL") as hb:
    hb.memories.create(content="Prefers the window seat", type="semantic", user_id="ada")
    for result in hb.memories.search("window seat", user_id="ada"):
        print(result.relevance, result.content)
